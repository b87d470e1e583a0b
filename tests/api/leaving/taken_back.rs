//! What was at work when somebody left, and is when they have taken that back.

use reqwest::Response;
use serde_json::{Value, json};

use super::titled;
use crate::archives::{EXPORTS, export, items};
use crate::communities::json_of;
use crate::harness::{Caller, PASSWORD, TestApp, fixture};
use crate::imports::{IMPORTS, send as send_archive};
use crate::photos::{self, album};

#[tokio::test(flavor = "multi_thread")]
async fn photos_are_drawn_and_archives_go_on_once_it_is_taken_back() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = titled(&ada, 100, "Up the valley").await;
    let archive = export(&app, &ada).await;

    // Sent, and not drawn yet; asked for, and not begun.
    let photo = fixture("photos/exif_gps.jpg");
    assert_eq!(photos::send(&ada, &path, &[&photo], &Value::Null).await.status(), 201);
    let asked = ada.post(EXPORTS, &json!({})).await;
    let ada = leaves_and_returns(&app, &ada).await;
    assert_eq!(album(&ada, &path).await[0]["state"], "ready");
    assert_eq!(end_of(&ada, EXPORTS, asked).await["state"], "finished");
    // And another can be asked for.
    export(&app, &ada).await;

    let sent = send_archive(&ada, archive, "").await;
    let ada = leaves_and_returns(&app, &ada).await;
    let taken = end_of(&ada, IMPORTS, sent).await;
    assert_eq!((&taken["state"], &taken["taken"]["known"]), (&json!("finished"), &json!(1)));
    assert_eq!(items(&ada, IMPORTS).await.len(), 1);
}

/// Leaves, and takes it back before a job has run.
async fn leaves_and_returns<'a>(app: &'a TestApp, who: &Caller<'_>) -> Caller<'a> {
    assert_eq!(who.leave(&json!({ "undo_days": 7 })).await.status(), 202);
    app.run_jobs().await;
    let back = json!({ "email": who.email, "password": PASSWORD });
    let answer = app.anyone().post("/api/v1/auth/undo-deletion", &back).await;
    assert_eq!(answer.status(), 200);
    let returned = app.caller(&who.email, &answer.json().await.unwrap());
    app.run_jobs().await;
    returned
}

/// What became of an archive that was asked for, or sent.
async fn end_of(who: &Caller<'_>, of: &str, begun: Response) -> Value {
    assert_eq!(begun.status(), 202);
    let begun: Value = begun.json().await.unwrap();
    json_of(who, &format!("{of}/{}", begun["id"].as_str().unwrap())).await
}
