//! How much of an archive is taken in at a time, and that nothing is once somebody is not to any more.

use std::sync::atomic::{AtomicI32, Ordering};

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use opentracks::domain::Clock;
use serde_json::{Value, json};
use tokio::join;
use uuid::Uuid;

use crate::archives::{EXPORTS, export, items, whole_of};
use crate::bad_input::{blobs, refused};
use crate::communities::json_of;
use crate::harness::{Caller, Hold, PASSWORD, TestApp, connect, northward_gpx, waiting};
use crate::imports::{IMPORTS, send, with_a_life};
use crate::photos::album;

/// However long each activity and photo takes, a step takes one, and the next step goes on behind it.
#[tokio::test(flavor = "multi_thread")]
async fn a_step_ends_when_its_time_is_over_and_the_next_one_goes_on() {
    let app = TestApp::start().await;
    let archive = export(&app, &with_a_life(&app).await).await;
    let eve = app.member("Eve").await;
    let sent: Value = send(&eve, archive, "").await.json().await.unwrap();
    let path = format!("{IMPORTS}/{}", sent["id"].as_str().unwrap());
    let id = Uuid::parse_str(sent["id"].as_str().unwrap()).unwrap();
    let account = Uuid::parse_str(&eve.account_id).unwrap();
    // As long as a step takes is over whenever somebody looks at this clock.
    let (begun, looked) = (app.now(), AtomicI32::new(0));
    let clock =
        Clock::new(move || begun + TimeDelta::seconds(10) * looked.fetch_add(1, Ordering::Relaxed));
    let service = app.app.service().into_inner();
    let mut done = Vec::new();
    for step in 0..20 {
        service.hand_over(account.into(), id.into(), step, &clock).await.unwrap();
        let import = json_of(&eve, &path).await;
        done.push(import["progress"]["done"].as_u64().unwrap());
        if import["state"] == "finished" {
            break;
        }
    }
    // Five activities, of which one has three photos: the first comes with it.
    assert_eq!(done.len(), 7, "{done:?}");
    assert!(done.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{done:?}");
    let import = json_of(&eve, &path).await;
    assert_eq!(import["state"], "finished");
    assert_eq!(
        import["taken"],
        json!({ "added": 5, "known": 0, "passed_over": 0, "reason": null })
    );
    let mut photos = 0;
    for activity in items(&eve, "/api/v1/me/activities").await {
        photos += album(&eve, &crate::activities::path_of(&activity)).await.len();
    }
    assert_eq!(photos, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_deleted_ends_with_the_activity_that_it_is_at() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    for points in [100, 110, 120] {
        ada.has_activity(&northward_gpx(8.5, 47.3, points)).await;
    }
    let archive = export(&app, &ada).await;
    let eve = app.member("Eve").await;
    let sent: Value = send(&eve, archive, "").await.json().await.unwrap();
    let path = format!("{IMPORTS}/{}", sent["id"].as_str().unwrap());
    let hold = Hold::on(&app, "vault.tracks").await;
    join!(app.run_jobs(), async {
        waiting(&app, 1).await;
        assert_eq!(eve.delete(&path).await.status(), 204);
        hold.release().await;
    });
    assert_eq!(items(&eve, "/api/v1/me/activities").await.len(), 1);
    assert_eq!(items(&eve, IMPORTS).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_is_being_sent_is_not_taken_from_who_is_signed_out_meanwhile() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let archive = export(&app, &ada).await;
    let before = blobs(&app);
    let hold = Hold::on(&app, "vault.archive_segments").await;
    let (answer, ()) = join!(send(&ada, archive, ""), async {
        waiting(&app, 1).await;
        sign_out(&app, &ada).await;
        hold.release().await;
    });
    refused(answer, 401).await;
    let ada = app.sign_in(&ada.email, PASSWORD).await;
    assert_eq!(items(&ada, IMPORTS).await, Vec::<Value>::new());
    app.run_jobs().await;
    assert_eq!(blobs(&app), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_ends_with_its_session_and_with_its_archive() {
    let app = TestApp::start().await;
    for is_signed_out in [true, false] {
        let ada = app.member(if is_signed_out { "Ada" } else { "Eve" }).await;
        export(&app, &ada).await;
        app.advance(TimeDelta::hours(1));
        let ada = app.sign_in(&ada.email, PASSWORD).await;
        let path = format!("{EXPORTS}/{}", items(&ada, EXPORTS).await[0]["id"].as_str().unwrap());
        let archive = format!("{path}/archive");
        // Whoever asks was let in, and nothing is sent yet.
        let hold = Hold::on(&app, "vault.access_log").await;
        let (content, ()) = join!(whole_of(&ada, &archive), async {
            waiting(&app, 1).await;
            if is_signed_out {
                sign_out(&app, &ada).await;
            } else {
                assert_eq!(ada.delete(&path).await.status(), 204);
            }
            hold.release().await;
        });
        assert!(content.is_err(), "it was sent to its end");
    }
}

/// Ends every session of somebody, as a new password does.
async fn sign_out(app: &TestApp, who: &Caller<'_>) {
    let end = format!("DELETE FROM identity.sessions WHERE account_id = '{}'", who.account_id);
    connect(app, "opentracks").await.batch_execute(&end).await.unwrap();
}
