//! Photos when the line that they were taken on is split or merged.

use futures_util::join;
use reqwest::Method;
use serde_json::{Value, json};

use crate::activities::path_of;
use crate::bad_input::{blobs, kept, refused};
use crate::harness::{Caller, Hold, TestApp, northward_gpx, waiting};
use crate::photos::{album, has_photo, path, send};
use crate::pictures::{Said, jpeg, telling_jpeg};

/// The captions of an activity's photos, in their order; that which stands for it is marked.
async fn captions(caller: &Caller<'_>, activity: &str) -> String {
    let photos = album(caller, activity).await;
    let caption = |photo: &Value| {
        let mark = if photo["is_cover"] == true { "*" } else { "" };
        format!("{}{mark}", photo["caption"].as_str().unwrap_or("-"))
    };
    photos.iter().map(caption).collect::<Vec<_>>().join(" ")
}

async fn said(caller: &Caller<'_>, activity: &str, caption: &str, said: Said) -> Value {
    let file = telling_jpeg(40, 30, &said);
    let answer = send(caller, activity, &[&file], &json!({ "caption": caption })).await;
    assert_eq!(answer.status(), 201);
    answer.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_photo_goes_with_the_half_that_it_was_taken_on_and_comes_back_with_it() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    // From 07:00 to 07:15 UTC, three kilometres northwards.
    let id = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let first = format!("/api/v1/activities/{id}");
    let at = |clock| Said { clock: Some(clock), offset: Some("+02:00"), ..Said::default() };
    let placed = |lat| Said { place: Some([lat, 8.5]), ..Said::default() };
    let mut sent = Vec::new();
    for (caption, says) in [
        ("late", at("2026:05:30 09:12:00")),
        ("early", at("2026:05:30 09:03:00")),
        ("up", placed(47.3 + 2_000.0 / 111_320.0)),
        ("down", placed(47.3 + 900.0 / 111_320.0)),
        ("somewhere", Said::default()),
        // The clock of a camera that was never set: the place tells more.
        ("old", Said { clock: Some("2009:05:30 09:12:00"), ..placed(47.32) }),
    ] {
        sent.push(said(&ada, &first, caption, says).await);
    }
    app.run_jobs().await;
    // Not drawn yet when it is moved.
    let waiting = said(&ada, &first, "waiting", at("2026:05:30 09:13:00")).await;
    assert_eq!(ada.patch(&path(&sent[0]), &json!({ "is_cover": true })).await.status(), 200);

    let split = ada.request(Method::POST, &format!("{first}/split"));
    let split = split.header("Idempotency-Key", "half").json(&json!({ "at_s": 450 }));
    let halves = split.try_clone().unwrap().send().await.unwrap();
    assert_eq!(halves.status(), 201);
    let halves: Value = halves.json().await.unwrap();
    let second = path_of(&halves["activities"][1]);
    assert_eq!(captions(&ada, &first).await, "early down somewhere");
    assert_eq!(captions(&ada, &second).await, "late* up old waiting");
    // What went to the private half is nobody else's with the answer.
    assert_eq!(captions(&eve, &first).await, "early* down somewhere");
    for gone in [path(&sent[0]), format!("{}/large.jpg", path(&sent[2]))] {
        refused(eve.get(&gone).await, 404).await;
    }
    let moved: Value = ada.get(&path(&sent[0])).await.json().await.unwrap();
    assert_eq!(moved["activity_id"], halves["activities"][1]["id"]);
    assert_eq!(moved["version"], 3);
    // Repeated, nothing moves again.
    assert_eq!(split.send().await.unwrap().status(), 200);
    app.run_jobs().await;
    assert_eq!(captions(&ada, &second).await, "late* up old waiting");
    refused(eve.get(&path(&waiting)).await, 404).await;
    assert_eq!(ada.post(&format!("{second}/publish"), &json!({})).await.status(), 200);
    assert_eq!(captions(&eve, &second).await, "late* up old waiting");

    assert_eq!(ada.post(&format!("{first}/unpublish"), &json!({})).await.status(), 200);
    let merge = json!({ "with": halves["activities"][1]["id"] });
    assert_eq!(ada.post(&format!("{first}/merge"), &merge).await.status(), 200);
    assert_eq!(captions(&ada, &first).await, "early down somewhere late up old waiting");
    refused(eve.get(&path(&sent[0])).await, 404).await;
    app.run_jobs().await;
    // The file of the line, and of each photo its own and three sizes.
    assert_eq!(blobs(&app), 1 + 7 * 4);
    let drawn = ada.get(&format!("{}/medium.jpg", path(&waiting))).await;
    assert_eq!(drawn.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_makes_no_more_photos_than_an_activity_may_have() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let activity = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 30)).await);
    let later = String::from_utf8(northward_gpx(8.5, 47.3, 30)).unwrap().replace("05-30", "05-31");
    let later = ada.has_activity(later.as_bytes()).await;
    let tiny: Vec<Vec<u8>> = (0..20).map(|index| jpeg(8 + index, 8)).collect();
    let tiny: Vec<&[u8]> = tiny.iter().map(Vec::as_slice).collect();
    for _ in 0..10 {
        assert_eq!(send(&ada, &activity, &tiny, &Value::Null).await.status(), 201);
    }
    let one = has_photo(&ada, &path_of(&later), tiny[0]).await;
    let (before, merge) = (kept(&app).await, json!({ "with": later["id"] }));
    let problem = refused(ada.post(&format!("{activity}/merge"), &merge).await, 422).await;
    assert!(problem["detail"].as_str().unwrap().contains("200"), "{problem}");
    assert_eq!(kept(&app).await, before);
    let any = album(&ada, &activity).await.remove(0);
    assert_eq!(ada.delete(&path(&any)).await.status(), 204);
    assert_eq!(ada.post(&format!("{activity}/merge"), &merge).await.status(), 200);
    let merged = album(&ada, &activity).await;
    assert_eq!((merged.len(), &merged[199]["id"]), (200, &one["id"]));
}

/// A photo that is deleted while a split moves it is gone from the half that it went to.
#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_is_deleted_while_it_moves_is_gone() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let first = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let place = Some([47.32, 8.5]);
    let photo = said(&ada, &first, "up", Said { place, ..Said::default() }).await;
    app.run_jobs().await;
    // By then the split holds the activity.
    let hold = Hold::on(&app, "ops.activity_ids").await;
    let (split, at) = (format!("{first}/split"), json!({ "at_s": 450 }));
    let (halves, deleted, ()) = join!(
        ada.post(&split, &at),
        async {
            waiting(&app, 1).await;
            ada.delete(&path(&photo)).await
        },
        async {
            waiting(&app, 2).await;
            hold.release().await;
        }
    );
    assert_eq!((halves.status().as_u16(), deleted.status().as_u16()), (201, 204));
    let halves: Value = halves.json().await.unwrap();
    for half in [0, 1].map(|half| path_of(&halves["activities"][half])) {
        assert_eq!(album(&ada, &half).await, [] as [Value; 0]);
    }
    app.run_jobs().await;
    assert_eq!(blobs(&app), 2);
}
