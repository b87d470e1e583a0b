//! What meets: each ends as if one had come after the other.

use futures_util::future::join_all;
use futures_util::join;
use reqwest::Method;
use serde_json::{Value, json};

use crate::activities::path_of;
use crate::bad_input::kept;
use crate::harness::{Hold, TestApp, northward_gpx, waiting};
use crate::sharing::straight_walk;

/// A publish that is under way when its activity is deleted leaves nothing behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_takes_what_a_publish_makes_at_the_same_time() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    // The rendition is written by then, and not committed.
    let hold = Hold::on(&app, "commons.published").await;
    let (publish, nothing) = (format!("{path}/publish"), json!({}));
    let (published, deleted, ()) = join!(
        ada.post(&publish, &nothing),
        async {
            waiting(&app, 1).await;
            ada.delete(&path).await
        },
        async {
            waiting(&app, 2).await;
            hold.release().await;
        }
    );
    assert_eq!((published.status().as_u16(), deleted.status().as_u16()), (200, 204));
    assert_eq!(app.anyone().get(&path).await.status(), 404);
    let kept = kept(&app).await;
    for none in ["vault.activities", "commons.renditions", "commons.published"] {
        assert!(kept.contains(&(none, 0)), "{kept:?}");
    }
}

/// A deletion of what its owner has read takes nothing that came to it meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_of_a_version_waits_for_a_change_and_then_is_stale() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = format!("/api/v1/activities/{}", ada.has_published(&straight_walk()).await);
    let hold = Hold::on(&app, "commons.published").await;
    let rename = json!({ "title": "Renamed" });
    let (renamed, deleted, ()) = join!(
        ada.patch(&path, &rename),
        async {
            waiting(&app, 1).await;
            let delete = ada.request(Method::DELETE, &path).header("If-Match", "\"2\"");
            delete.send().await.unwrap()
        },
        async {
            waiting(&app, 2).await;
            hold.release().await;
        }
    );
    assert_eq!((renamed.status().as_u16(), deleted.status().as_u16()), (200, 412));
    assert_eq!(ada.get(&path).await.json::<Value>().await.unwrap()["title"], "Renamed");
}

/// Who does not say which version they read has their change made to the one that is there.
#[tokio::test(flavor = "multi_thread")]
async fn of_changes_at_once_none_is_lost() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let change = async |index: usize| {
        let nothing = json!({});
        let answer = match index % 4 {
            0 => ada.patch(&path, &json!({ "title": "Up the hill" })).await,
            1 => ada.patch(&path, &json!({ "description": "And down again" })).await,
            2 => ada.post(&format!("{path}/publish"), &nothing).await,
            _ => ada.post(&format!("{path}/unpublish"), &nothing).await,
        };
        answer.status().as_u16()
    };
    assert_eq!(join_all((0..12).map(change)).await, [200; 12]);
    let own: Value = ada.get(&path).await.json().await.unwrap();
    assert_eq!(
        (&own["title"], &own["description"]),
        (&json!("Up the hill"), &json!("And down again"))
    );
    assert_eq!(own["version"], 13, "{own}");
    // The commons agree with whichever was last.
    let public = app.anyone().get(&path).await.status().as_u16();
    assert_eq!(public, if own["visibility"] == "published" { 200 } else { 404 });
}
