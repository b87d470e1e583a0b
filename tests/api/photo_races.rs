//! Photos that meet: sent twice, deleted, withdrawn and counted at once.

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use futures_util::future::join_all;
use futures_util::join;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::activities::path_of;
use crate::bad_input::{blobs, kept, refused};
use crate::harness::{Hold, TestApp, connect, northward_gpx, waiting};
use crate::photos::{album, has_photo, path, send};
use crate::pictures::{jpeg, png};
use crate::races::{ROUNDS, is_closed_at_once};

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_is_sent_several_times_at_once_is_kept_once() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let activity = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 30)).await);
    let (file, other) = (jpeg(16, 16), png(16, 16));
    for _ in 0..ROUNDS / 2 {
        let named = json!({ "id": Uuid::new_v4() });
        let once =
            async |file: &[u8]| send(&ada, &activity, &[file], &named).await.status().as_u16();
        let mut same = join_all([&file, &file, &file].map(|file| once(file))).await;
        same.sort_unstable();
        assert_eq!(same, [200, 200, 201]);
        // Of two files with one id, one is kept and the other told that the id is taken.
        let named = json!({ "id": Uuid::new_v4() });
        let once =
            async |file: &[u8]| send(&ada, &activity, &[file], &named).await.status().as_u16();
        let (one, two) = join!(once(&file), once(&other));
        assert_eq!((one.min(two), one.max(two)), (201, 409));
        for photo in album(&ada, &activity).await {
            assert_eq!(ada.delete(&path(&photo)).await.status(), 204);
        }
    }
    app.advance(TimeDelta::hours(2));
    app.run_jobs().await;
    assert_eq!(blobs(&app), 1, "the file of the activity");
}

/// By turns the photo and its activity are deleted.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_while_it_is_sent_or_drawn_is_gone() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let before = kept(&app).await;
    let (file, gpx) = (jpeg(16, 16), northward_gpx(8.5, 47.3, 100));
    for round in 0..ROUNDS / 2 {
        let activity = format!("/api/v1/activities/{}", ada.has_published(&gpx).await);
        let named = json!({ "id": Uuid::new_v4() });
        let photo = format!("/api/v1/photos/{}", named["id"].as_str().unwrap());
        let once = async || send(&ada, &activity, &[&file], &named).await.status().as_u16();
        assert_eq!(once().await, 201);
        let gone = if round % 2 == 0 { &photo } else { &activity };
        let (deleted, again, ()) = join!(ada.delete(gone), once(), app.run_jobs());
        assert_eq!(deleted.status(), 204);
        let may_be = if round % 2 == 0 { [200, 410] } else { [200, 404] };
        assert!(may_be.contains(&again) || again == 410, "{again}");
        for caller in [&ada, &eve] {
            refused(caller.get(&photo).await, 404).await;
        }
        assert_eq!(once().await, may_be[1]);
        assert_eq!(ada.delete(&activity).await.status(), if round % 2 == 0 { 204 } else { 404 });
    }
    app.advance(TimeDelta::hours(2));
    app.run_jobs().await;
    let rows = |kept: &[(&str, i64)]| {
        let rows = kept.iter().filter(|(table, _)| !table.contains("_ids"));
        rows.map(|(table, rows)| format!("{table} {rows}")).collect::<Vec<_>>()
    };
    assert_eq!((rows(&kept(&app).await), blobs(&app)), (rows(&before), 0));
}

/// The job has found the photo and not yet its activity when it is deleted.
#[tokio::test(flavor = "multi_thread")]
async fn no_size_is_kept_of_a_photo_that_goes_when_it_was_just_drawn() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let activity = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 30)).await);
    // What is due by the clock is done, and reads no activity after that.
    app.run_jobs().await;
    let sent = send(&ada, &activity, &[&jpeg(16, 16)], &Value::Null).await;
    let photo = path(&sent.json::<Value>().await.unwrap());
    // The deletion has counted itself and taken nothing away yet.
    let hold = Hold::on(&app, "commons.photos").await;
    let (deleted, (), (), ()) = join!(
        ada.delete(&photo),
        async {
            waiting(&app, 1).await;
            // Granted when the deletion is done; until then whoever wants to read the activity stands behind it.
            Hold::on(&app, "vault.activities").await.release().await;
        },
        async {
            waiting(&app, 2).await;
            app.run_jobs().await;
        },
        async {
            waiting(&app, 3).await;
            hold.release().await;
        }
    );
    assert_eq!(deleted.status(), 204);
    app.advance(TimeDelta::hours(2));
    app.run_jobs().await;
    assert_eq!(blobs(&app), 1, "the file of the activity");
    assert!(kept(&app).await.contains(&("vault.photos", 0)));
}

/// It has gone to the other half, and that is being published, when the deletion comes to it.
#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_is_deleted_while_it_moves_is_published_by_nobody() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let activity = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let late = json!({ "taken_at": "2026-05-30T07:12:00Z" });
    let sent = send(&ada, &activity, &[&jpeg(16, 16)], &late).await;
    assert_eq!(sent.status(), 201);
    let photo = path(&sent.json::<Value>().await.unwrap());
    app.run_jobs().await;
    // By then the split holds the activity.
    let split = Hold::on(&app, "ops.activity_ids").await;
    let (place, nothing) = (json!({ "at_s": 450 }), json!({}));
    let (deleted, second) = join!(
        async {
            waiting(&app, 1).await;
            ada.delete(&photo).await
        },
        async {
            let path = format!("{activity}/split");
            let (halves, (deletion, publication)) = join!(ada.post(&path, &place), async {
                waiting(&app, 2).await;
                let holds =
                    join!(Hold::on(&app, "commons.photos"), Hold::on(&app, "commons.published"));
                split.release().await;
                holds
            });
            let second = path_of(&halves.json::<Value>().await.unwrap()["activities"][1]);
            waiting(&app, 1).await;
            let path = format!("{second}/publish");
            let (published, ()) = join!(ada.post(&path, &nothing), async {
                waiting(&app, 2).await;
                deletion.release().await;
                // The photo is written for others, and the deletion waits for that half.
                waiting(&app, 2).await;
                publication.release().await;
            });
            assert_eq!(published.status(), 200);
            second
        }
    );
    assert_eq!(deleted.status(), 204);
    refused(app.anyone().get(&photo).await, 404).await;
    assert_eq!(album(&app.anyone(), &second).await, [] as [Value; 0]);
}

/// By turns its activity is withdrawn, the photo deleted, and the link to them.
#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_is_taken_back_is_seen_no_more_from_the_answer_on() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let activity = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 100)).await);
    let nothing = json!({});
    let mut photo = has_photo(&ada, &activity, &jpeg(16, 16)).await;
    for round in 0..ROUNDS {
        let id = photo["id"].as_str().unwrap().to_owned();
        if round % 3 == 2 {
            let link = ada.post(&format!("{activity}/links"), &nothing).await;
            let link: Value = link.json().await.unwrap();
            let token = link["token"].as_str().unwrap();
            let paths = ["", "/thumbnail.jpg"]
                .map(|child| format!("/api/v1/shared/{token}/photos/{id}{child}"));
            let link = format!("{activity}/links/{}", link["id"].as_str().unwrap());
            let close = async || ada.delete(&link).await.status().as_u16();
            is_closed_at_once(&app.anyone(), &paths, close).await;
            continue;
        }
        let publish = format!("{activity}/publish");
        assert_eq!(ada.post(&publish, &nothing).await.status(), 200);
        let paths = ["", "/thumbnail.jpg", "/large.jpg?v=1"]
            .map(|child| format!("/api/v1/photos/{id}{child}"));
        let close = async || match round % 3 {
            0 => ada.post(&format!("{activity}/unpublish"), &nothing).await.status().as_u16(),
            _ => ada.delete(&path(&photo)).await.status().as_u16(),
        };
        is_closed_at_once(&app.anyone(), &paths, close).await;
        if round % 3 == 1 {
            let unpublish = format!("{activity}/unpublish");
            assert_eq!(ada.post(&unpublish, &nothing).await.status(), 200);
            photo = has_photo(&ada, &activity, &jpeg(16, 16)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_at_once_make_no_more_photos_than_an_activity_may_have() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let activity = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 30)).await);
    let tiny: Vec<Vec<u8>> = (0..19).map(|index| jpeg(8 + index, 8)).collect();
    let tiny: Vec<&[u8]> = tiny.iter().map(Vec::as_slice).collect();
    for _ in 0..10 {
        assert_eq!(send(&ada, &activity, &tiny, &Value::Null).await.status(), 201);
    }
    // 190 are there; of twenty that come one by one and all at once, there is room for ten.
    let file = jpeg(40, 8);
    let once = async |_| send(&ada, &activity, &[&file], &Value::Null).await.status().as_u16();
    let mut answers = join_all((0..20).map(once)).await;
    answers.sort_unstable();
    assert_eq!(answers, [[201; 10], [422; 10]].concat());
    assert_eq!(album(&ada, &activity).await.len(), 200);
    app.run_jobs().await;
    app.advance(TimeDelta::hours(2));
    app.run_jobs().await;
    assert_eq!(blobs(&app), 1 + 200 * 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_so_many_bytes_of_photos_and_no_more() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let mut activities = Vec::new();
    for _ in 0..4 {
        activities.push(path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 30)).await));
    }
    let file = jpeg(16, 16);
    let size = i64::try_from(file.len()).unwrap();
    let large = has_photo(&ada, &activities[0], &file).await;
    // As if that one had so many bytes that so many are left.
    let mut conn = connect(&app, "opentracks").await;
    let mut leave = async |left: i64| {
        let bytes = 10 * 1024 * 1024 * 1024 - left;
        let id = large["id"].as_str().unwrap();
        let update =
            format!("UPDATE vault.photos SET original_bytes = {bytes} WHERE photo_id = '{id}'");
        conn.batch_execute(&update).await.unwrap();
    };
    leave(size - 1).await;
    let before = kept(&app).await;
    let problem = refused(send(&ada, &activities[1], &[&file], &Value::Null).await, 422).await;
    assert!(problem["detail"].as_str().unwrap().contains("10 GiB"), "{problem}");
    assert_eq!(kept(&app).await, before);
    leave(2 * size - 1).await;
    refused(send(&ada, &activities[1], &[&file, &file], &Value::Null).await, 422).await;
    leave(size).await;
    let last = send(&ada, &activities[1], &[&file], &Value::Null).await;
    assert_eq!(last.status(), 201);
    let last: Value = last.json().await.unwrap();
    refused(send(&ada, &activities[1], &[&file], &Value::Null).await, 422).await;
    // What is kept already is kept, and what is deleted makes room.
    let again = json!({ "id": last["id"] });
    assert_eq!(send(&ada, &activities[1], &[&file], &again).await.status(), 200);
    assert_eq!(ada.delete(&path(&last)).await.status(), 204);
    // To several activities at once there is as much room as to one.
    leave(7 * size).await;
    let uploads = activities.iter().cycle().take(16);
    let once = async |activity: &String| {
        send(&ada, activity, &[&file], &Value::Null).await.status().as_u16()
    };
    let mut answers = join_all(uploads.map(once)).await;
    answers.sort_unstable();
    assert_eq!(answers, [[201; 7].as_slice(), &[422; 9]].concat());
    // Others have room of their own.
    let hers = path_of(&eve.has_activity(&northward_gpx(8.5, 47.3, 30)).await);
    assert_eq!(send(&eve, &hers, &[&file], &Value::Null).await.status(), 201);
}

/// The first has been counted, and is not kept yet, when the second comes.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_to_another_activity_waits_to_be_counted() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let one = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 30)).await);
    let other = path_of(&ada.has_activity(&northward_gpx(8.5, 48.3, 30)).await);
    let file = jpeg(16, 16);
    let large = has_photo(&ada, &one, &file).await;
    // As if that one had so many bytes that there is room for one more.
    let bytes = 10 * 1024 * 1024 * 1024 - i64::try_from(file.len()).unwrap();
    let id = large["id"].as_str().unwrap();
    let update =
        format!("UPDATE vault.photos SET original_bytes = {bytes} WHERE photo_id = '{id}'");
    connect(&app, "opentracks").await.batch_execute(&update).await.unwrap();
    let hold = Hold::on(&app, "ops.photo_ids").await;
    let upload = async |activity| send(&ada, activity, &[&file], &Value::Null).await;
    let (first, second, ()) = join!(
        upload(&one),
        async {
            waiting(&app, 1).await;
            upload(&other).await
        },
        async {
            waiting(&app, 2).await;
            hold.release().await;
        }
    );
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (201, 422));
}
