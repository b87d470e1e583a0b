//! What is shared with a community is taken off it by who keeps order there, also when it is nobody's any more.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::works::rows;
use super::{Scene, feed, found, opened, publish, titled, work};
use crate::bad_input::refused;
use crate::communities::{community, json_of, share};
use crate::harness::{PASSWORD, TestApp};
use crate::links::link;

fn off(community: &str, work: &Value) -> String {
    format!("{community}/activities/{}", work["id"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_of_nobodys_is_taken_off_by_who_keeps_order() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let Scene { ada, eve, community: riders, .. } = &scene;
    let (ben, mo) = (app.member("Ben").await, app.member("Mo").await);
    for who in [&ben, &mo] {
        super::joins(who, riders).await;
    }
    super::is_made(&mo, "moderator", riders, eve).await;
    // One that everyone sees, and one that a link leads to, stay for those.
    for path in [&scene.published, &scene.linked] {
        assert_eq!(share(ada, path, riders).await.status(), 200);
    }
    assert_eq!(ada.leave(&json!({})).await.status(), 202);
    app.finish_leaving().await;
    let works = feed(eve, riders).await;
    assert_eq!(works.len(), 3);
    for work in &works {
        refused(ben.delete(&off(riders, work)).await, 403).await;
        assert_eq!(mo.delete(&off(riders, work)).await.status(), 204);
        // Again, or of what never was, the answer is the same: it tells nothing of what one may not see.
        assert_eq!(mo.delete(&off(riders, work)).await.status(), 204);
        let nothing = format!("{riders}/activities/{}", uuid::Uuid::new_v4());
        assert_eq!(mo.delete(&nothing).await.status(), 204);
    }
    for who in [eve, &ben, &mo] {
        assert_eq!(feed(who, riders).await, Vec::<Value>::new());
        assert!(work(who, "With the club").await.is_none());
    }
    assert_eq!(found(&app.anyone()).await.len(), 1);
    assert!(opened(&app, &scene.link).await.is_some());
    assert_eq!(rows(&app, "commons.renditions").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_somebodys_is_taken_off_and_stays_theirs() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let riders = community(&eve, "Riders", "public").await;
    let walkers = community(&eve, "Walkers", "public").await;
    super::joins(&ada, &riders).await;
    super::joins(&ada, &walkers).await;
    let path = titled(&ada, 300, "With the club").await;
    for community in [&riders, &walkers] {
        assert_eq!(share(&ada, &path, community).await.status(), 200);
    }
    let friends = link(&ada, &path, json!({})).await;
    let seen = feed(&eve, &riders).await;
    let version = json_of(&ada, &path).await["version"].clone();
    assert_eq!(eve.delete(&off(&riders, &seen[0])).await.status(), 204);
    assert_eq!((feed(&eve, &riders).await.len(), feed(&eve, &walkers).await.len()), (0, 1));
    let own = json_of(&ada, &path).await;
    assert_eq!(own["visibility"], "community");
    assert_ne!(own["version"], version, "an edit that knew of it is stale");
    assert_eq!(eve.delete(&off(&walkers, &seen[0])).await.status(), 204);
    assert_eq!(json_of(&ada, &path).await["visibility"], "link");
    assert!(opened(&app, &friends).await.is_some());
    // Without the last way nobody else sees it.
    let revoke = format!("{path}/links/{}", friends["id"].as_str().unwrap());
    assert_eq!(ada.delete(&revoke).await.status(), 204);
    assert_eq!(share(&ada, &path, &riders).await.status(), 200);
    assert_eq!(eve.delete(&off(&riders, &seen[0])).await.status(), 204);
    assert_eq!(json_of(&ada, &path).await["visibility"], "private");
    assert_eq!(rows(&app, "commons.renditions").await, 0);
    // What is published stays so.
    publish(&ada, &path).await;
    assert_eq!(share(&ada, &path, &riders).await.status(), 200);
    assert_eq!(eve.delete(&off(&riders, &seen[0])).await.status(), 204);
    assert_eq!(json_of(&ada, &path).await["visibility"], "published");
}

/// In the week of doubt nobody sees it; what is taken off then is not shown later.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_off_before_it_is_nobodys_does_not_come_back() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let Scene { ada, eve, community: riders, .. } = &scene;
    let seen = feed(eve, riders).await;
    assert_eq!(ada.leave(&json!({ "undo_days": 7 })).await.status(), 202);
    assert_eq!(eve.delete(&off(riders, &seen[0])).await.status(), 204);
    app.advance(TimeDelta::days(7));
    app.finish_leaving().await;
    let eve = app.sign_in(&eve.email, PASSWORD).await;
    assert_eq!(feed(&eve, riders).await, Vec::<Value>::new());
    assert_eq!(rows(&app, "commons.renditions").await, 2);
}
