//! Sealed files: never without their row for good.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::join;
use opentracks::domain::{AccountId, BlobId};
use opentracks::privacy::retention;
use serde_json::json;
use uuid::Uuid;

use crate::activities::path_of;
use crate::bad_input::{blobs, kept, refused};
use crate::harness::{Caller, Hold, TestApp, logged, northward_gpx, waiting};
use crate::photos::{has_photo, path};
use crate::pictures::jpeg;

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_that_no_row_names_is_erased_within_the_hour() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    put_without_row(&app, &ada).await;
    app.advance(TimeDelta::minutes(59));
    app.run_jobs().await;
    assert_eq!(blobs(&app), 1, "its row may still come");
    app.advance(TimeDelta::minutes(1));
    app.run_jobs().await;
    assert_eq!(blobs(&app), 0);
    assert!(kept(&app).await.contains(&("ops.jobs", 0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_that_a_row_names_stays() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = northward_gpx(8.5, 47.3, 100);
    let path = path_of(&ada.has_activity(&file).await);
    app.advance(TimeDelta::days(1));
    app.run_jobs().await;
    let ada = app.sign_in(&ada.email, crate::harness::PASSWORD).await;
    let original = ada.get(&format!("{path}/original")).await;
    assert_eq!(original.bytes().await.unwrap(), file);
}

/// Whoever answers 201 must have the blob: it was erased when the row came too late.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_comes_too_late_for_its_blob_is_refused() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let before = kept(&app).await;
    let hold = Hold::on(&app, "vault.tracks").await;
    let file = northward_gpx(8.5, 47.3, 100);
    let nothing = json!({});
    let upload = ada.upload(&file, &nothing);
    let (answer, ()) = join!(upload, async {
        waiting(&app, 1).await;
        app.advance(TimeDelta::hours(1));
        app.run_jobs().await;
        hold.release().await;
    });
    refused(answer, 503).await;
    assert_eq!(kept(&app).await, before);
}

/// Erasing was promised, so no failure is the last one.
#[tokio::test(flavor = "multi_thread")]
async fn erasing_a_blob_is_tried_until_it_succeeds() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    put_without_row(&app, &ada).await;
    let file = only_blob(&app);
    let content = fs::read(&file).unwrap();
    // A folder cannot be erased as a file.
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    for _ in 0..30 {
        app.advance(TimeDelta::hours(1));
        app.run_jobs().await;
    }
    fs::remove_dir(&file).unwrap();
    fs::write(&file, content).unwrap();
    app.advance(TimeDelta::hours(1));
    app.run_jobs().await;
    assert_eq!(blobs(&app), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_and_rows_are_held_against_each_other_every_day() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let activity = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 100)).await);
    let photo = has_photo(&ada, &activity, &jpeg(60, 40)).await;
    assert_eq!(blobs(&app), 5);
    let files = &app.app.service().files;
    files.put(BlobId::random(), b"left over".to_vec()).await.unwrap();
    // Not its name for a blob: left alone.
    fs::write(app.data.join("blobs/README"), "mine").unwrap();
    let all = files.all().await.unwrap().into_keys();
    let names: Vec<String> = all.map(|blob| Uuid::from(blob).to_string()).collect();
    let before = logged().len();
    // Of the blobs of this server: others write to the same log.
    let is_missed = || {
        let is_own = |line: &str| names.iter().any(|name| line.contains(name));
        let log = logged();
        log.lines()
            .any(|line| line.contains("A row names a blob that is not there") && is_own(line))
    };
    // What a backup that is put back may not know yet stays, and shows.
    let day = TimeDelta::days(1);
    let young = TimeDelta::seconds(1) - retention::BACKUP;
    for (since, left) in [(young, 5 + 2), (-retention::BACKUP, 5 + 1)] {
        app.advance(day);
        put_at(&app, app.now() + since);
        app.run_jobs().await;
        assert_eq!(blobs(&app), left);
    }
    assert!(logged()[before..].contains("the database may have been put back"));
    assert!(!is_missed());
    let ada = app.sign_in(&ada.email, crate::harness::PASSWORD).await;
    assert_eq!(ada.get(&format!("{}/large.jpg", path(&photo))).await.status(), 200);
    // So many that they must be another database's: they may be needed yet.
    for _ in 0..120 {
        files.put(BlobId::random(), b"not left over".to_vec()).await.unwrap();
    }
    app.advance(day);
    put_at(&app, app.now() - retention::BACKUP);
    app.run_jobs().await;
    assert_eq!(blobs(&app), 6 + 120);
    assert!(logged()[before..].contains("looks like a mistake"));
    // A row without its blob is told by the random name of that.
    fs::remove_dir_all(app.data.join("blobs")).unwrap();
    app.advance(day);
    app.run_jobs().await;
    assert!(is_missed());
}

/// Puts a file as an upload would that dies before its row is written.
async fn put_without_row(app: &TestApp, caller: &Caller<'_>) {
    let account = AccountId::from(Uuid::parse_str(&caller.account_id).unwrap());
    let blob = BlobId::random();
    let service = app.app.service();
    service.db.announce_blob(account, blob, app.now()).await.unwrap();
    service.files.put(blob, b"sealed".to_vec()).await.unwrap();
    assert_eq!(blobs(app), 1);
}

/// Makes all that lies in the store lie there since `at`.
fn put_at(app: &TestApp, at: DateTime<Utc>) {
    fn put(folder: &Path, at: DateTime<Utc>) {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                put(&path, at);
            } else {
                let file = fs::File::options().write(true).open(path).unwrap();
                file.set_modified(at.into()).unwrap();
            }
        }
    }
    put(&app.data.join("blobs"), at);
}

fn only_blob(app: &TestApp) -> PathBuf {
    let folder = fs::read_dir(app.data.join("blobs")).unwrap().next().unwrap().unwrap().path();
    fs::read_dir(folder).unwrap().next().unwrap().unwrap().path()
}
