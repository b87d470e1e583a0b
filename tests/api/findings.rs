//! `publish?check=true`: what others could learn, told before anything is shown.

use serde_json::{Value, json};

use crate::activities::path_of;
use crate::bad_input::{kept, refused};
use crate::harness::{Caller, TestApp, northward_gpx};

async fn findings(ada: &Caller<'_>, path: &str) -> Vec<Value> {
    let answer = ada.post(&format!("{path}/publish?check=true"), &json!({})).await;
    assert_eq!(answer.status(), 200);
    answer.json::<Value>().await.unwrap()["findings"].as_array().unwrap().clone()
}

fn has(findings: &[Value], finding: &str, field: &str) -> bool {
    findings
        .iter()
        .any(|found| found["finding"] == finding && (field.is_empty() || found["field"] == field))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_publishes_nothing_and_is_the_owners_alone() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let before = kept(&app).await;
    assert_eq!(findings(&ada, &path).await, [] as [Value; 0]);
    assert_eq!(kept(&app).await, before);
    let check = format!("{path}/publish?check=true");
    refused(app.anyone().post(&check, &json!({})).await, 401).await;
    refused(app.member("Eve").await.post(&check, &json!({})).await, 404).await;
    refused(ada.post(&format!("{path}/publish?check=maybe"), &json!({})).await, 400).await;
    let short = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 20)).await);
    refused(ada.post(&format!("{short}/publish?check=true"), &json!({})).await, 409).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_near_a_zone_is_told_with_how_near() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let zone = json!({ "label": "Home", "position": [8.5, 47.3], "radius_m": 200 });
    let zone: Value = ada.post("/api/v1/me/zones", &zone).await.json().await.unwrap();
    let far = json!({ "label": "Far", "position": [9.5, 47.3], "radius_m": 200 });
    assert_eq!(ada.post("/api/v1/me/zones", &far).await.status(), 201);
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let found = findings(&ada, &path).await;
    let [near] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((&near["finding"], &near["zone"]), (&json!("near_zone"), &zone["id"]));
    let distance_m = near["distance_m"].as_f64().unwrap();
    assert!((200.0..1_000.0).contains(&distance_m), "{distance_m}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_addresses_in_texts_are_told() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let change = json!({ "given_name": "Augusta", "family_name": "Lovelace" });
    assert_eq!(ada.patch("/api/v1/me", &change).await.status(), 200);
    let metadata = json!({ "title": "Round with Augusta", "description": "Ask ada@example.net!" });
    let own: Value =
        ada.upload(&northward_gpx(8.5, 47.3, 300), &metadata).await.json().await.unwrap();
    let found = findings(&ada, &path_of(&own)).await;
    assert!(has(&found, "name", "title") && !has(&found, "email_address", "title"), "{found:?}");
    assert!(has(&found, "email_address", "description"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_told_where_leaving_would_take_it_out() {
    let app = TestApp::start().await;
    let elodie = app.member_at("e.d@example.org", "Élodie").await;
    let change = json!({ "given_name": "Noémie", "family_name": "Dubois" });
    assert_eq!(elodie.patch("/api/v1/me", &change).await.status(), 200);
    let change = json!({ "family_name": "Martin-Noël" });
    assert_eq!(elodie.patch("/api/v1/me", &change).await.status(), 200);
    let path = path_of(&elodie.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    assert_eq!(elodie.post(&format!("{path}/publish"), &json!({})).await.status(), 200);
    // Other spellings, pieces of a name, inside other words, and what she was called before.
    for title in [
        "Chez Elodie",
        "NOEMIE's loop",
        "Noël at the lake",
        "Rides of lesmartinnoels",
        "With the Dubois",
    ] {
        assert_eq!(elodie.patch(&path, &json!({ "title": title })).await.status(), 200);
        let found = findings(&elodie, &path).await;
        assert!(has(&found, "name", "title"), "{title}");
        let leaving: Value = elodie.get("/api/v1/me/deletion").await.json().await.unwrap();
        assert_eq!(leaving["items"][0]["cleared"], json!(["title"]), "{title}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_start_and_hour_again_and_again_are_told() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = northward_gpx(8.5, 47.3, 300);
    let mut last = String::new();
    for index in 0..4 {
        let mut file = file.clone();
        // Another file each time, and the same walk.
        file.extend_from_slice(" ".repeat(index).as_bytes());
        let path = path_of(&ada.has_activity(&file).await);
        let choice = json!({ "choices": { "hour": true } });
        assert_eq!(ada.patch(&path, &choice).await.status(), 200);
        if index < 3 {
            let few = findings(&ada, &path).await;
            assert!(!has(&few, "same_start", ""), "{few:?}");
            assert_eq!(ada.post(&format!("{path}/publish"), &json!({})).await.status(), 200);
        }
        last = path;
    }
    let found = findings(&ada, &last).await;
    assert_eq!(
        found,
        [
            json!({ "finding": "same_start", "activities": 3 }),
            json!({ "finding": "same_hour", "activities": 3 }),
        ]
    );
    // An hour that is not shown makes no habit.
    assert_eq!(ada.patch(&last, &json!({ "choices": { "hour": false } })).await.status(), 200);
    assert!(!has(&findings(&ada, &last).await, "same_hour", ""));
}
