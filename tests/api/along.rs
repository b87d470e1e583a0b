//! What runs along a line.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Caller, TestApp, gpx_through, northward_gpx};
use crate::heard::Heard;
use crate::tiles::copy;

const ALONG: &str = "/api/v1/explore/along";

async fn along(caller: &Caller<'_>, body: &Value) -> Vec<(String, f64)> {
    let answer = caller.post(ALONG, body).await;
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    let items = answer["items"].as_array().unwrap().iter();
    let item = |item: &Value| {
        (item["activity"]["id"].as_str().unwrap().to_owned(), item["alike"].as_f64().unwrap())
    };
    items.map(item).collect()
}

/// For who asks there is no such activity: to the byte what is told of an id that nothing has.
async fn is_nothing(caller: &Caller<'_>, activity: &str) {
    let ask = |id: &str| caller.request(Method::POST, ALONG).json(&json!({ "activity": id }));
    let nothing = Heard::of(ask("5f0c6f0e-0000-4000-8000-000000000000")).await;
    assert_eq!(nothing.status, 404);
    assert_eq!(Heard::of(ask(activity)).await, nothing);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_most_alike_comes_first() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let same = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let half = ada.has_published(&northward_gpx(8.5, 47.3, 160)).await;
    let other = ada.has_published(&northward_gpx(8.6, 47.3, 300)).await;
    let private = ada.has_activity(&northward_gpx(8.5, 47.3, 301)).await;
    let line = json!({ "line": [[8.5, 47.3], [8.5, 47.327]], "limit": 10 });
    for caller in [&app.anyone(), &ada] {
        let found = along(caller, &line).await;
        let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, [same.as_str(), half.as_str()], "{found:?}");
        // 200 m are cut from both ends, by circles that are larger: of 3,000 m and of 1,590 m.
        assert!((0.6..0.95).contains(&found[0].1) && (0.1..0.5).contains(&found[1].1), "{found:?}");
    }
    let near = json!({ "line": [[8.501, 47.31], [8.501, 47.32]], "within_m": 10 });
    assert_eq!(along(&app.anyone(), &near).await, []);
    let similar = along(&app.anyone(), &json!({ "activity": same })).await;
    assert_eq!(similar.len(), 1);
    assert_eq!(similar[0].0, half);
    let private = private["id"].as_str().unwrap();
    for caller in [&app.anyone(), &ada] {
        is_nothing(caller, private).await;
    }
    // Whoever keeps apart neither finds what is hers, nor what is like it.
    let eve = app.member("Eve").await;
    let block = ada.request(Method::PUT, &format!("/api/v1/me/blocks/{}", eve.account_id));
    assert_eq!(block.send().await.unwrap().status(), 204);
    assert_eq!(along(&eve, &line).await, []);
    // Nor does it take the place of what she may find.
    let ben = app.member("Ben").await;
    let bens = ben.has_published(&northward_gpx(8.5, 47.3, 200)).await;
    let one = json!({ "line": line["line"], "limit": 1 });
    let found = along(&eve, &one).await;
    assert_eq!(found.iter().map(|(id, _)| id).collect::<Vec<_>>(), [&bens]);
    assert_eq!(
        ben.post(&format!("/api/v1/activities/{bens}/unpublish"), &json!({})).await.status(),
        200
    );
    is_nothing(&eve, &same).await;
    assert_eq!(
        ada.post(&format!("/api/v1/activities/{half}/unpublish"), &json!({})).await.status(),
        200
    );
    assert_eq!(along(&app.anyone(), &json!({ "activity": same })).await, []);
    assert_eq!(along(&app.anyone(), &json!({ "activity": other })).await, []);
}

/// More pass than are compared: the same way is found among them.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_that_crosses_the_way_does_not_hide_who_goes_it() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let way = [(8.5, 47.3), (8.5, 47.34)];
    let given = ada.has_published(&gpx_through(&way)).await;
    let crossing = ada.has_published(&gpx_through(&[(8.48, 47.315), (8.52, 47.315)])).await;
    let mut twins = Vec::new();
    for _ in 0..3 {
        copy(&app, &crossing, 400).await;
        twins.push(ada.has_published(&gpx_through(&way)).await);
    }
    for body in [
        json!({ "activity": given, "limit": 3 }),
        json!({ "line": [[8.5, 47.302], [8.5, 47.338]], "limit": 4 }),
    ] {
        let answer: Value = app.anyone().post(ALONG, &body).await.json().await.unwrap();
        assert_eq!(answer["more"], true);
        let found = along(&app.anyone(), &body).await;
        let is_found = |twin: &String| found.iter().any(|(id, _)| id == twin);
        assert!(twins.iter().all(is_found), "{found:?}");
    }
    let rowing = json!({ "activity": given, "sport": "rowing" });
    let answer: Value = app.anyone().post(ALONG, &rowing).await.json().await.unwrap();
    assert_eq!(answer, json!({ "items": [], "more": false }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_has_its_limits() {
    let app = TestApp::start().await;
    let long: Vec<[f64; 2]> = (0..501).map(|index| [8.0 + f64::from(index) * 1e-3, 47.0]).collect();
    for (body, field) in [
        (json!({}), "line"),
        (
            json!({ "line": [[8.5, 47.3], [8.5, 47.4]], "activity": "5f0c6f0e-0000-4000-8000-000000000000" }),
            "line",
        ),
        (json!({ "line": [[8.5, 47.3]] }), "line"),
        (json!({ "line": long }), "line"),
        (json!({ "line": [[8.5, 47.3], [18.5, 47.3]] }), "line"),
        (json!({ "line": [[8.5, 47.3], [8.5, 97.3]] }), "line"),
        (json!({ "line": [[8.5, 47.3], [8.5, 47.4]], "within_m": 1_001 }), "within_m"),
        (json!({ "line": [[8.5, 47.3], [8.5, 47.4]], "limit": 101 }), "limit"),
    ] {
        let answer = app.anyone().post(ALONG, &body).await;
        let status = answer.status();
        let problem: Value = answer.json().await.unwrap();
        if field.is_empty() {
            assert_eq!(status, 400, "{problem}");
        } else {
            assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!(field)));
        }
    }
    let ada = app.member("Ada").await;
    let across = ada.has_published(&gpx_through(&[(8.5, 47.3), (13.6, 47.3)])).await;
    let answer = app.anyone().post(ALONG, &json!({ "activity": across })).await;
    assert_eq!(answer.status(), 422);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["errors"][0]["field"], "activity");
    // What is taken back is as if it had never been.
    let unpublish = format!("/api/v1/activities/{across}/unpublish");
    assert_eq!(ada.post(&unpublish, &json!({})).await.status(), 200);
    is_nothing(&app.anyone(), &across).await;
    // One point twice is a line of no length.
    assert_eq!(along(&app.anyone(), &json!({ "line": [[8.5, 47.3], [8.5, 47.3]] })).await, []);
}
