//! A backup is restored: who has left stays gone, and who came back stays.

use chrono::TimeDelta;
use serde_json::json;

use super::works::rows;
use super::{Scene, found, opened, work};
use crate::auth::login;
use crate::bad_input::refused;
use crate::harness::{PASSWORD, TestApp, back_up};

#[tokio::test(flavor = "multi_thread")]
async fn yesterdays_backup_does_not_bring_anybody_back() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let (ada, eve) = (&scene.ada, &scene.eve);
    let yesterday = back_up(&app);
    app.advance(TimeDelta::days(1));
    let ada = &app.sign_in(&ada.email, PASSWORD).await;
    let wishes = json!({ "shared": "erase" });
    assert_eq!(ada.leave(&wishes).await.status(), 202);
    app.finish_leaving().await;
    assert_eq!(found(&app.anyone()).await.len(), 1);

    let restored = app.restored_from(&yesterday).await;
    // Before any job has run, with the tokens of yesterday.
    refused(restored.with_token(ada.token.as_deref().unwrap()).get("/api/v1/me").await, 401).await;
    refused(login(&restored, &ada.email, PASSWORD).await, 401).await;
    assert!(found(&restored.anyone()).await.is_empty());
    assert!(opened(&restored, &scene.link).await.is_none());
    restored.finish_leaving().await;
    assert_eq!(rows(&restored, "identity.accounts").await, 1);
    assert_eq!(rows(&restored, "vault.activities").await, 0);
    // It comes to the same: what was to stay stays, and what was not does not.
    let stays = work(&restored.anyone(), "Up the valley").await.unwrap();
    assert!(stays["author"].is_null());
    assert_eq!(rows(&restored, "commons.renditions").await, 1);
    assert!(opened(&restored, &scene.link).await.is_none());
    // Everybody else is as they were.
    assert_eq!(login(&restored, &eve.email, PASSWORD).await.status(), 200);
    // And it is not done again with each start.
    let again = back_up(&restored);
    let restored = restored.restored_from(&again).await;
    restored.finish_leaving().await;
    assert_eq!(rows(&restored, "commons.renditions").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_from_the_week_of_doubt_erases_nobody_who_came_back() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let ada = &scene.ada;
    let before = back_up(&app);
    assert_eq!(ada.leave(&json!({ "undo_days": 7 })).await.status(), 202);
    let in_doubt = back_up(&app);
    app.advance(TimeDelta::days(1));
    let back = json!({ "email": ada.email, "password": PASSWORD });
    assert_eq!(app.anyone().post("/api/v1/auth/undo-deletion", &back).await.status(), 200);
    for backup in [before, in_doubt] {
        let restored = app.restored_from(&backup).await;
        restored.advance(TimeDelta::days(30));
        restored.finish_leaving().await;
        assert_eq!(login(&restored, &ada.email, PASSWORD).await.status(), 200);
        assert!(work(&restored.anyone(), "Up the valley").await.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_from_the_middle_of_it_goes_on() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    assert_eq!(scene.ada.leave(&json!({ "undo_days": 7 })).await.status(), 202);
    let in_the_middle = back_up(&app);
    app.advance(TimeDelta::days(7));
    let restored = app.restored_from(&in_the_middle).await;
    restored.finish_leaving().await;
    assert_eq!(rows(&restored, "identity.accounts").await, 1);
    assert_eq!(rows(&restored, "commons.renditions").await, 3);
}

/// Files that two databases share, or a note that is damaged, keep no server from starting.
#[tokio::test(flavor = "multi_thread")]
async fn a_note_for_another_database_is_passed_over() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let backup = back_up(&app);
    let notes = app.data.join("blobs/erasures");
    std::fs::create_dir_all(&notes).unwrap();
    std::fs::write(notes.join(uuid::Uuid::new_v4().simple().to_string()), "nonsense").unwrap();
    std::fs::write(notes.join("readme"), "nonsense").unwrap();
    let restored = app.restored_from(&backup).await;
    assert_eq!(login(&restored, &scene.ada.email, PASSWORD).await.status(), 200);
}
