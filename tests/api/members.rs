//! Members as others see them, and keeping away from some of them.

use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::activities::path_of;
use crate::bad_input::refused;
use crate::communities::{community, joins, json_of, names, print, put, shares};
use crate::explore::{ids, listed, nearby};
use crate::harness::{Caller, TestApp, northward_gpx};

fn page_of(who: &Caller<'_>) -> String {
    format!("/api/v1/members/{}", who.account_id)
}

fn block_of(who: &Caller<'_>) -> String {
    format!("/api/v1/me/blocks/{}", who.account_id)
}

/// Publishes a walk of that day; returns its path.
async fn publishes_on(who: &Caller<'_>, day: &str, points: usize) -> String {
    let gpx = String::from_utf8(northward_gpx(8.5, 47.3, points)).unwrap();
    let gpx = gpx.replace("2026-05-30T", &format!("{day}T"));
    format!("/api/v1/activities/{}", who.has_published(gpx.as_bytes()).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_the_public_name_and_what_is_published() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let mut published = Vec::new();
    for (day, points) in [("2026-05-01", 200), ("2026-05-03", 300), ("2026-05-02", 400)] {
        published.push(publishes_on(&ada, day, points).await);
    }
    ada.has_activity(&northward_gpx(8.5, 47.3, 500)).await;
    let link = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 600)).await);
    assert_eq!(ada.post(&format!("{link}/links"), &json!({})).await.status(), 201);
    let over = publishes_on(&ada, "2026-05-04", 300).await;
    let until = json!({ "until": app.now() + TimeDelta::seconds(10) });
    assert_eq!(ada.post(&format!("{over}/publish"), &until).await.status(), 200);
    // Over by now, though no job has taken it back.
    app.advance(TimeDelta::seconds(10));

    let renditions: Vec<Value> = [
        json_of(&app.anyone(), &published[1]).await,
        json_of(&app.anyone(), &published[2]).await,
        json_of(&app.anyone(), &published[0]).await,
    ]
    .into();
    let sum = |field: &str| -> f64 {
        renditions.iter().map(|rendition| rendition["statistics"][field].as_f64().unwrap()).sum()
    };
    for viewer in [app.anyone(), app.member("Eve").await, ada.clone()] {
        let page = json_of(&viewer, &page_of(&ada)).await;
        let fields: Vec<&String> = page.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["activities", "id", "public_name", "statistics"]);
        assert_eq!((&page["id"], &page["public_name"]), (&json!(ada.account_id), &json!("Ada")));
        // The newest day first.
        let items: Vec<Value> = renditions.iter().map(listed).collect();
        assert_eq!(page["activities"], json!({ "items": items, "next_cursor": null }));
        assert_eq!(page["statistics"]["activities"], 3);
        for field in ["distance_m", "ascent_m", "moving_s"] {
            let found = page["statistics"][field].as_f64().unwrap();
            assert!((found - sum(field)).abs() < 1e-6, "{field} {found}");
        }
        for limit in 1..=3 {
            let (mut found, mut cursor) = (Vec::new(), String::new());
            loop {
                let list = format!("{}/activities?limit={limit}{cursor}", page_of(&ada));
                let page = json_of(&viewer, &list).await;
                found.extend(page["items"].as_array().unwrap().clone());
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(found, items);
        }
    }
    for query in ["?cursor=x", "?limit=0"] {
        refused(ada.get(&format!("{}/activities{query}", page_of(&ada))).await, 422).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_author_does_not_let_count_is_listed_and_not_summed_up() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let (counted, other) =
        (publishes_on(&ada, "2026-05-01", 200).await, publishes_on(&ada, "2026-05-02", 300).await);
    let choices = json!({ "choices": { "statistics": false } });
    assert_eq!(ada.patch(&other, &choices).await.status(), 200);
    let page = json_of(&app.anyone(), &page_of(&ada)).await;
    assert_eq!(page["activities"]["items"].as_array().unwrap().len(), 2);
    assert_eq!(page["statistics"]["activities"], 1);
    let counted = json_of(&app.anyone(), &counted).await;
    assert_eq!(page["statistics"]["distance_m"], counted["statistics"]["distance_m"]);
}

/// Who shows nothing, who keeps away, who has taken all back and who never was: the same bytes.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_not_for_the_viewer_looks_like_none() {
    let app = TestApp::start().await;
    let (eve, private) = (app.member("Eve").await, app.member("Private").await);
    private.has_activity(&northward_gpx(8.5, 47.3, 300)).await;
    let linked = app.member("Linked").await;
    let link = path_of(&linked.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    assert_eq!(linked.post(&format!("{link}/links"), &json!({})).await.status(), 201);
    let back = app.member("Back").await;
    let taken = publishes_on(&back, "2026-05-01", 300).await;
    assert_eq!(back.post(&format!("{taken}/unpublish"), &json!({})).await.status(), 200);
    let (blocked, blocker) = (app.member("Blocked").await, app.member("Blocker").await);
    for who in [&blocked, &blocker] {
        publishes_on(who, "2026-05-01", 300).await;
        assert_eq!(eve.get(&page_of(who)).await.status(), 200);
    }
    assert_eq!(put(&eve, &block_of(&blocked)).await.status(), 204);
    assert_eq!(put(&blocker, &block_of(&eve)).await.status(), 204);
    for child in ["", "/activities"] {
        let absent = format!("/api/v1/members/{}{child}", Uuid::new_v4());
        let absent = print(eve.get(&absent).await).await;
        assert!(absent.starts_with("404 "), "{absent}");
        for who in [&private, &linked, &back, &blocked, &blocker] {
            let hidden = eve.get(&format!("{}{child}", page_of(who))).await;
            assert_eq!(print(hidden).await, absent, "{}", who.email);
        }
    }
    // In a community of theirs they are somebody, without a line.
    let path = community(&private, "Quiet", "private").await;
    joins(&eve, &path, &private, "member").await;
    let page = json_of(&eve, &page_of(&private)).await;
    assert_eq!(
        (&page["public_name"], &page["statistics"]["activities"]),
        (&json!("Private"), &json!(0))
    );
    assert_eq!(page["activities"]["items"], json!([]));
    refused(linked.get(&page_of(&private)).await, 404).await;
    refused(app.anyone().get(&page_of(&private)).await, 404).await;
    // One's own page is there.
    assert_eq!(linked.get(&page_of(&linked)).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_keeps_both_away_from_each_other_and_ends_no_membership() {
    let app = TestApp::start().await;
    let (ada, eve, ben) =
        (app.member("Ada").await, app.member("Eve").await, app.member("Ben").await);
    let path = community(&ben, "Both", "private").await;
    for who in [&ada, &eve] {
        joins(who, &path, &ben, "member").await;
    }
    let (of_ada, of_eve, of_ben) =
        (shares(&ada, &path).await, shares(&eve, &path).await, shares(&ben, &path).await);
    let published = publishes_on(&ada, "2026-05-01", 300).await;
    let (members, feed) = (format!("{path}/members"), format!("{path}/activities"));
    let position = json!({ "position": [8.5, 47.3] });
    let sees = async |who: &Caller<'_>| {
        let feed = json_of(who, &feed).await;
        let mut seen: Vec<String> = feed["items"].as_array().unwrap().iter().map(path_of).collect();
        seen.sort();
        let near = ids(&nearby(who, &position).await).len();
        (names(who, &members).await, seen, near)
    };
    let all = |mut paths: Vec<&String>| {
        paths.sort();
        paths.into_iter().cloned().collect::<Vec<_>>()
    };
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let together = (names(&["Ada", "Ben", "Eve"]), all(vec![&of_ada, &of_eve, &of_ben]), 4);
    assert_eq!(sees(&eve).await, together);
    for _ in 0..2 {
        assert_eq!(put(&ada, &block_of(&eve)).await.status(), 204);
    }
    assert_eq!(sees(&eve).await, (names(&["Ben", "Eve"]), all(vec![&of_eve, &of_ben]), 2));
    assert_eq!(sees(&ada).await, (names(&["Ada", "Ben"]), all(vec![&of_ada, &of_ben]), 3));
    for (who, activity) in [(&eve, &of_ada), (&ada, &of_eve), (&eve, &published)] {
        refused(who.get(activity).await, 404).await;
    }
    assert_eq!(sees(&ben).await, together);
    assert_eq!(json_of(&eve, &path).await["role"], "member");
    // Nobody else reads who keeps away from whom.
    assert_eq!(json_of(&eve, "/api/v1/me/blocks").await["items"], json!([]));
    for _ in 0..2 {
        assert_eq!(ada.delete(&block_of(&eve)).await.status(), 204);
    }
    assert_eq!(sees(&eve).await, together);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_blocks_tells_no_name_that_one_would_not_know() {
    let app = TestApp::start().await;
    let (ada, known, unknown) =
        (app.member("Ada").await, app.member("Known").await, app.member("Unknown").await);
    publishes_on(&known, "2026-05-01", 300).await;
    let nobody = Uuid::new_v4().to_string();
    let mut answers = Vec::new();
    for id in [&known.account_id, &unknown.account_id, &nobody] {
        app.advance(TimeDelta::seconds(1));
        answers.push(print(put(&ada, &format!("/api/v1/me/blocks/{id}")).await).await);
    }
    assert!(answers[0].starts_with("204 ") && answers.iter().all(|answer| *answer == answers[0]));
    let list = json_of(&ada, "/api/v1/me/blocks").await;
    let members: Vec<&Value> =
        list["items"].as_array().unwrap().iter().map(|item| &item["member"]).collect();
    let expected = [
        json!({ "id": nobody, "public_name": null }),
        json!({ "id": unknown.account_id, "public_name": null }),
        json!({ "id": known.account_id, "public_name": "Known" }),
    ];
    assert_eq!(members, expected.iter().collect::<Vec<_>>());
    let first = json_of(&ada, "/api/v1/me/blocks?limit=2").await;
    let next = first["next_cursor"].as_str().unwrap();
    let rest = json_of(&ada, &format!("/api/v1/me/blocks?limit=2&cursor={next}")).await;
    assert_eq!(rest["items"][0]["member"], expected[2]);
    assert_eq!(rest["next_cursor"], Value::Null);
    let problem = refused(put(&ada, &block_of(&ada)).await, 422).await;
    assert_eq!(problem["errors"][0]["field"], "member");
    refused(app.anyone().get("/api/v1/me/blocks").await, 401).await;
    // Others reach the rest of the commons as before.
    assert_eq!(unknown.get(&page_of(&known)).await.status(), 200);
}

/// Else one would keep away from them, join one community after the other, and read where a name comes.
#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_blocks_does_not_tell_where_somebody_is_who_keeps_away() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let path = community(&eve, "Riders", "public").await;
    let name = async || {
        let list = json_of(&ada, "/api/v1/me/blocks").await;
        list["items"][0]["member"]["public_name"].clone()
    };
    assert_eq!(put(&ada, &block_of(&eve)).await.status(), 204);
    assert_eq!(name().await, Value::Null);
    assert_eq!(ada.post(&format!("{path}/requests"), &json!({})).await.status(), 200);
    assert_eq!(name().await, "Eve");
    assert_eq!(put(&eve, &block_of(&ada)).await.status(), 204);
    assert_eq!(name().await, Value::Null);
}
