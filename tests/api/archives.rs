//! An account, handed over: what is in the archive, who gets it, and how it is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use opentracks::archive::layout::{File, Kind, Name};
use opentracks::archive::unzip::{Directory, Entry};
use opentracks::db::ops::Lane;
use opentracks::privacy::inventory::COLUMNS;
use opentracks::privacy::retention;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::activities::path_of;
use crate::bad_input::{blobs, kept, refused};
use crate::communities::{community, joins, put, shares};
use crate::harness::{Caller, PASSWORD, TestApp, connect, fixture, northward_gpx};
use crate::photos::{has_photo, has_picture};

pub const EXPORTS: &str = "/api/v1/me/exports";
/// How long after signing in somebody is taken for who they are.
const FRESH: TimeDelta = TimeDelta::minutes(15);

/// The files of an archive, by their names.
pub type Files = BTreeMap<String, Vec<u8>>;

#[tokio::test(flavor = "multi_thread")]
async fn promise_sp_6_an_export_holds_every_column_that_the_inventory_says() {
    let app = TestApp::start().await;
    let ada = with_everything(&app).await;
    let files = unzip(&export(&app, &ada).await);
    let schema: Value = serde_json::from_slice(&files["schema.json"]).unwrap();
    for column in COLUMNS.iter().filter(|column| column.exported) {
        let name = format!("{}.{}", column.table, column.name);
        let lines = lines_of_table(&files, column.table);
        assert!(!lines.is_empty(), "no line is of {}", column.table);
        assert!(lines.iter().all(|line| line.get(column.name).is_some()), "{name}");
        assert!(schema.to_string().contains(column.purpose), "{name} is not explained");
    }
    // A secret is in none.
    for column in COLUMNS.iter().filter(|column| !column.exported) {
        let lines = lines_of_table(&files, column.table);
        assert!(lines.iter().all(|line| line.get(column.name).is_none()), "{}", column.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_od18_11_an_export_is_of_open_formats_and_has_each_file_unchanged() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = northward_gpx(8.5, 47.3, 300);
    let activity = ada.has_activity(&file).await;
    let path = path_of(&activity);
    let archive = export(&app, &ada).await;
    let files = unzip(&archive);
    let folder = format!("activities/{}", activity["id"].as_str().unwrap());
    assert_eq!(files[&format!("{folder}/original")], file);
    for format in ["gpx", "geojson"] {
        let track = String::from_utf8(files[&format!("{folder}/track.{format}")].clone()).unwrap();
        let served = ada.get(&format!("{path}/track.{format}")).await.text().await.unwrap();
        // What is served names its author besides.
        assert_eq!(track.matches("trkpt").count(), served.matches("trkpt").count());
        assert!(!track.is_empty() && served.len().abs_diff(track.len()) < 200);
    }
    let exact: Value = serde_json::from_slice(&files[&format!("{folder}/track.json")]).unwrap();
    let points = activity["statistics"]["points"].as_u64().unwrap();
    assert_eq!(exact["track"]["lat_e7"].as_array().unwrap().len() as u64, points);
    let readme = String::from_utf8(files["README.md"].clone()).unwrap();
    assert!(readme.contains("schema.json"));
    let manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    assert_eq!(manifest["counts"]["activities"], 1);
    assert_eq!(manifest["counts"]["original"], 1);
    // Other programs open it.
    let copy = app.data.join("copy.zip");
    std::fs::write(&copy, archive).unwrap();
    let tested = Command::new("python3").args(["-m", "zipfile", "-t"]).arg(&copy).output().unwrap();
    assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stdout));
    assert!(String::from_utf8_lossy(&tested.stdout).contains("Done testing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_other_people_is_in_it() {
    let app = TestApp::start().await;
    let ada = with_everything(&app).await;
    let eve = app.sign_in("evelyn.canary@example.org", PASSWORD).await;
    let text = unzip(&export(&app, &ada).await);
    let text: String = text.values().map(|file| String::from_utf8_lossy(file)).collect();
    assert!(text.contains("Adas own") && text.contains("Adas brook"));
    for canary in ["evelyn", "Evelyn", "canary", "Eves own"] {
        assert!(!text.contains(canary), "{canary}");
    }
    // Whom she keeps away from is her own to know, and who that is not.
    assert!(text.contains(&eve.account_id));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_holds_no_token_and_no_password() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let id = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let links = format!("/api/v1/activities/{id}/links");
    let made: Value = ada.post(&links, &json!({ "password": "brook" })).await.json().await.unwrap();
    let text = unzip(&export(&app, &ada).await);
    let text: String = text.values().map(|file| String::from_utf8_lossy(file)).collect();
    let secrets = [
        made["token"].as_str().unwrap(),
        ada.token.as_deref().unwrap(),
        ada.refresh_token.as_deref().unwrap(),
        PASSWORD,
        "$argon2id",
    ];
    for secret in secrets {
        assert!(!text.contains(secret), "{secret}");
    }
    assert!(text.contains(made["id"].as_str().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_for_its_owner_alone_and_for_nobody_at_their_unlocked_phone() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    app.advance(FRESH);
    let body = json!({ "refresh_token": ada.refresh_token });
    let tokens = app.anyone().post("/api/v1/auth/refresh", &body).await.json().await.unwrap();
    let ada = app.caller(&ada.email, &tokens);
    refused(ada.post(EXPORTS, &json!({})).await, 403).await;
    refused(ada.post(EXPORTS, &json!({ "password": "not the password" })).await, 401).await;
    refused(ada.request(Method::POST, EXPORTS).send().await.unwrap(), 403).await;
    let asked = ada.post(EXPORTS, &json!({ "password": PASSWORD })).await;
    assert_eq!(asked.status(), 202);
    let asked: Value = asked.json().await.unwrap();
    let path = format!("{EXPORTS}/{}", asked["id"].as_str().unwrap());
    assert_eq!(asked["state"], "working");
    refused(ada.get(&format!("{path}/archive")).await, 404).await;
    app.run_jobs().await;
    let ready: Value = ada.get(&path).await.json().await.unwrap();
    assert_eq!(
        (&ready["state"], &ready["progress"]),
        (&json!("finished"), &json!({ "done": 0, "total": 0 }))
    );
    // Signed in long ago: nothing to download; signed in anew: all of it.
    refused(ada.get(&format!("{path}/archive")).await, 403).await;
    let fresh = app.sign_in(&ada.email, PASSWORD).await;
    let archive = fresh.get(&format!("{path}/archive")).await;
    assert_eq!(archive.headers()["content-length"], ready["bytes"].to_string().as_str());
    assert!(!unzip(&archive.bytes().await.unwrap()).is_empty());
    let eve = app.sign_in(&eve.email, PASSWORD).await;
    for child in ["", "/archive"] {
        refused(app.anyone().get(&format!("{path}{child}")).await, 401).await;
        refused(eve.get(&format!("{path}{child}")).await, 404).await;
    }
    refused(eve.delete(&path).await, 404).await;
    assert_eq!(items(&eve, EXPORTS).await, Vec::<Value>::new());
    assert_eq!(items(&ada, EXPORTS).await, [ready]);
    // Nor is it an import.
    refused(ada.get(&path.replace("exports", "imports")).await, 404).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_owner_is_written_to_when_it_is_asked_for_and_when_it_is_ready() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    assert_eq!(ada.post(EXPORTS, &json!({})).await.status(), 202);
    let mails = app.mails(&ada.email).await;
    assert_eq!(mails.len(), 2);
    let subjects = ["Your OpenTracks data were asked for", "Your OpenTracks data are ready"];
    for subject in subjects {
        assert!(
            mails.iter().any(|mail| mail.contains(&format!("Subject: {subject}"))),
            "{subject}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_made_at_a_time_and_not_too_often() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    assert_eq!(ada.post(EXPORTS, &json!({})).await.status(), 202);
    refused(ada.post(EXPORTS, &json!({})).await, 409).await;
    app.run_jobs().await;
    for _ in 0..2 {
        assert_eq!(ada.post(EXPORTS, &json!({})).await.status(), 202);
        app.run_jobs().await;
    }
    let refused = refused(ada.post(EXPORTS, &json!({})).await, 429).await;
    assert_eq!(refused["type"], "/problems/throttled");
    app.advance(TimeDelta::hours(6));
    let ada = app.sign_in(&ada.email, PASSWORD).await;
    assert_eq!(ada.post(EXPORTS, &json!({})).await.status(), 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_one_is_gone_with_its_content_also_while_it_is_made() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    for is_done in [true, false] {
        let before = kept(&app).await;
        let asked: Value = ada.post(EXPORTS, &json!({})).await.json().await.unwrap();
        let path = format!("{EXPORTS}/{}", asked["id"].as_str().unwrap());
        if is_done {
            app.run_jobs().await;
            assert_ne!(blobs(&app), 0);
        }
        assert_eq!(ada.delete(&path).await.status(), 204);
        for child in ["", "/archive"] {
            refused(ada.get(&format!("{path}{child}")).await, 404).await;
        }
        refused(ada.delete(&path).await, 404).await;
        app.run_jobs().await;
        assert_eq!(blobs(&app), 0);
        let after = kept(&app).await;
        assert_eq!(before, after);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_when_its_time_is_over_and_not_before() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    export(&app, &ada).await;
    let segments = blobs(&app);
    app.advance(retention::ARCHIVE - TimeDelta::seconds(1));
    app.run_jobs().await;
    assert_eq!(blobs(&app), segments);
    app.advance(TimeDelta::seconds(1));
    app.advance(TimeDelta::minutes(10));
    app.run_jobs().await;
    assert_eq!(blobs(&app), 0);
    let ada = app.sign_in(&ada.email, PASSWORD).await;
    assert_eq!(items(&ada, EXPORTS).await, Vec::<Value>::new());
}

/// A worker that gives up in the middle traps nobody: another export can be asked for after a day.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_nobody_works_on_is_given_up_after_a_day() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    assert_eq!(ada.post(EXPORTS, &json!({})).await.status(), 202);
    let lost = "DELETE FROM ops.jobs WHERE kind = 'hand_over'";
    connect(&app, "opentracks").await.batch_execute(lost).await.unwrap();
    app.advance(TimeDelta::days(1));
    app.run_jobs().await;
    let ada = app.sign_in(&ada.email, PASSWORD).await;
    assert_eq!(ada.post(EXPORTS, &json!({})).await.status(), 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_part_of_it_can_be_had() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    ada.has_activity(&northward_gpx(8.5, 47.3, 100)).await;
    let whole = export(&app, &ada).await;
    let path =
        format!("{EXPORTS}/{}/archive", items(&ada, EXPORTS).await[0]["id"].as_str().unwrap());
    let part = async |range: &str| {
        ada.request(Method::GET, &path).header("Range", range).send().await.unwrap()
    };
    let len = whole.len();
    for (range, from, to) in [
        ("bytes=0-0".to_owned(), 0, 1),
        ("bytes=100-".to_owned(), 100, len),
        ("bytes=-22".to_owned(), len - 22, len),
        (format!("bytes={}-{}", len / 2, len / 2 + 999), len / 2, len / 2 + 1_000),
    ] {
        let answer = part(&range).await;
        assert_eq!(answer.status(), 206, "{range}");
        let told = format!("bytes {from}-{}/{len}", to - 1);
        assert_eq!(answer.headers()["content-range"], told.as_str());
        assert_eq!(answer.bytes().await.unwrap(), whole[from..to], "{range}");
    }
    let beyond = part(&format!("bytes={len}-")).await;
    assert_eq!(beyond.headers()["content-range"], format!("bytes */{len}").as_str());
    refused(beyond, 416).await;
    assert_eq!(part("bytes=0-1,4-5").await.status(), 200);
}

/// Whoever has the blob store and the database, and not the key, cannot pass something else off as the archive.
#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_was_tampered_with_is_not_handed_out() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let whole = export(&app, &ada).await;
    let id = items(&ada, EXPORTS).await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("{EXPORTS}/{id}/archive");
    let mut conn = connect(&app, "opentracks").await;
    let swap = "UPDATE vault.archive_segments one SET blob = other.blob, bytes = other.bytes
                FROM vault.archive_segments other
                WHERE one.archive_id = other.archive_id AND one.number + other.number = 1";
    let parts = "SELECT 1 / (count(*) - 1) FROM vault.archive_segments";
    conn.batch_execute(parts).await.unwrap();
    conn.batch_execute(swap).await.unwrap();
    assert!(whole_of(&ada, &path).await.is_err(), "reordered");
    conn.batch_execute(swap).await.unwrap();
    assert_eq!(ada.get(&path).await.bytes().await.unwrap(), whole);
    let cut = "DELETE FROM vault.archive_segments WHERE number =
                   (SELECT max(number) FROM vault.archive_segments)";
    conn.batch_execute(cut).await.unwrap();
    assert!(whole_of(&ada, &path).await.is_err(), "cut off");
}

/// All of an answer, or that it broke off.
pub async fn whole_of(who: &Caller<'_>, path: &str) -> Result<bytes::Bytes, reqwest::Error> {
    let answer = who.request(Method::GET, path).send().await?;
    assert_eq!(answer.status(), 200);
    answer.bytes().await
}

/// However many workers take a step, and however often: it is taken once.
#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_taken_once_and_a_worker_that_died_is_succeeded() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    for _ in 0..45 {
        ada.has_activity(&northward_gpx(8.5, 47.3, 10)).await;
    }
    let asked: Value = ada.post(EXPORTS, &json!({})).await.json().await.unwrap();
    let (account, archive) = (id_of(&ada.account_id), id_of(asked["id"].as_str().unwrap()));
    let service = app.app.service().into_inner();
    let step =
        async |step| service.hand_over(account.into(), archive.into(), step, &app.clock()).await;
    // Two at once, one late, one that is not due yet; then one whose worker dies with the lease.
    let (one, other) = tokio::join!(step(0), step(0));
    assert!(one.is_ok() && other.is_ok());
    step(0).await.unwrap();
    step(7).await.unwrap();
    let path = format!("{EXPORTS}/{archive}");
    let half: Value = ada.get(&path).await.json().await.unwrap();
    assert_eq!(half["progress"], json!({ "done": 20, "total": 45 }));
    while let Some(dead) = service.db.lease_job(Lane::Account, None, app.now()).await.unwrap() {
        drop(dead);
    }
    app.run_jobs().await;
    assert_eq!(ada.get(&path).await.json::<Value>().await.unwrap(), half);
    app.advance(TimeDelta::minutes(2));
    app.run_jobs().await;
    let ready: Value = ada.get(&path).await.json().await.unwrap();
    assert_eq!((&ready["state"], &ready["progress"]["done"]), (&json!("finished"), &json!(45)));
    let files = unzip(&ada.get(&format!("{path}/archive")).await.bytes().await.unwrap());
    let originals = files.keys().filter(|name| name.ends_with("/original")).count();
    assert_eq!(originals, 45);
    // What the worker that came second had put is erased, as is the directory that was in the making.
    app.advance(TimeDelta::hours(1));
    app.run_jobs().await;
    let mut conn = connect(&app, "opentracks").await;
    let named = "SELECT 1 / (count(*) = (SELECT count(*) FROM vault.archive_segments
                     WHERE role = 'content'))::integer FROM vault.archive_segments";
    conn.batch_execute(named).await.unwrap();
    let left = "SELECT 1 / (count(*) = 0)::integer FROM ops.jobs WHERE kind = 'erase_blob'";
    conn.batch_execute(left).await.unwrap();
}

/// Asks for an export, and downloads it.
pub async fn export(app: &TestApp, who: &Caller<'_>) -> Vec<u8> {
    let asked = who.post(EXPORTS, &json!({ "password": PASSWORD })).await;
    assert_eq!(asked.status(), 202);
    let asked: Value = asked.json().await.unwrap();
    app.run_jobs().await;
    let path = format!("{EXPORTS}/{}/archive", asked["id"].as_str().unwrap());
    let answer = who.get(&path).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/zip");
    answer.bytes().await.unwrap().to_vec()
}

/// The files of an archive.
pub fn unzip(archive: &[u8]) -> Files {
    let directory = Directory::find(archive, 0).unwrap();
    let place = |at: u64| usize::try_from(at).unwrap();
    let (mut at, mut files) = (place(directory.offset), Files::new());
    for _ in 0..directory.files {
        let (entry, bytes) = Entry::parse(&archive[at..]).unwrap().unwrap();
        at += bytes;
        let head = Entry::head_bytes(&archive[place(entry.offset)..]).unwrap();
        let begins = place(entry.offset + head);
        let packed = archive[begins..begins + place(entry.packed_bytes)].to_vec();
        let file = entry.unpack(packed).unwrap();
        assert!(Name::parse(&entry.name).is_some(), "{}", entry.name);
        assert!(files.insert(entry.name.clone(), file).is_none(), "{} is there twice", entry.name);
    }
    files
}

/// The lines of a kind.
pub fn lines(files: &Files, kind: Kind) -> Vec<Value> {
    let of_kind = |name: &str| matches!(Name::parse(name), Some(Name::Page(of, _)) if of == kind);
    let pages = files.iter().filter(|(name, _)| of_kind(name));
    let lines = pages.flat_map(|(_, page)| page.split(|byte| *byte == b'\n'));
    lines
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

/// Whatever has the columns of a table.
fn lines_of_table(files: &Files, table: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.tables().contains(&table)) {
        found.extend(lines(files, kind));
    }
    for file in File::ALL.into_iter().filter(|file| file.table() == Some(table)) {
        let of_table = files
            .iter()
            .filter(|(name, _)| matches!(Name::parse(name), Some(Name::Of(_, of)) if of == file));
        found.extend(of_table.map(|(_, file)| serde_json::from_slice(file).unwrap()));
    }
    found
}

/// A member who has something of everything, among others who have as well.
async fn with_everything(app: &TestApp) -> Caller<'_> {
    let (ada, eve) = (app.member("Ada").await, app.member("Evelyn Canary").await);
    let names = json!({ "given_name": "Augusta", "family_name": "Byron" });
    assert_eq!(ada.patch("/api/v1/me", &names).await.status(), 200);
    let zone = json!({ "label": "Adas own place", "position": [10.0, 50.0], "radius_m": 300 });
    assert_eq!(ada.post("/api/v1/me/zones", &zone).await.status(), 201);
    let hidden = json!({ "label": "Eves own place", "position": [11.0, 50.0], "radius_m": 300 });
    assert_eq!(eve.post("/api/v1/me/zones", &hidden).await.status(), 201);
    app.run_jobs().await;
    let brook = community(&ada, "Adas brook", "private").await;
    joins(&eve, &brook, &ada, "member").await;
    shares(&eve, &brook).await;
    let shared = shares(&ada, &brook).await;
    let titled = ada.patch(&shared, &json!({ "title": "Adas own walk" })).await;
    assert_eq!(titled.status(), 200);
    for link in [json!({ "label": "For Grandma" }), json!({ "password": "brook" })] {
        assert_eq!(ada.post(&format!("{shared}/links"), &link).await.status(), 201);
    }
    let published = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    assert!(Uuid::parse_str(&published).is_ok());
    let own = format!("/api/v1/activities/{published}");
    has_photo(&ada, &own, &fixture("photos/exif_gps.jpg")).await;
    has_picture(&ada).await;
    ada.agree("heat_map", true).await;
    let closed = community(&eve, "Closed", "private").await;
    assert_eq!(ada.post(&format!("{closed}/requests"), &json!({})).await.status(), 202);
    let other = community(&eve, "Other", "public").await;
    let ban = put(&eve, &format!("{other}/bans/{}", ada.account_id)).await;
    assert!(ban.status().is_success());
    eve.upload(&northward_gpx(8.5, 47.3, 300), &json!({ "title": "Eves own walk" })).await;
    let lake = app.member("Dee").await.has_published(&northward_gpx(8.6, 47.3, 300)).await;
    let review = json!({ "rating": 4, "text": "A walk of Adas own choice" });
    let lake = format!("/api/v1/activities/{lake}/reviews");
    assert_eq!(ada.post(&lake, &review).await.status(), 201);
    let block = put(&ada, &format!("/api/v1/me/blocks/{}", eve.account_id)).await;
    assert_eq!(block.status(), 204);
    ada
}

/// The items of a list of one page.
pub async fn items(who: &Caller<'_>, path: &str) -> Vec<Value> {
    let answer: Response = who.get(path).await;
    assert_eq!(answer.status(), 200, "{path}");
    let page: Value = answer.json().await.unwrap();
    page["items"].as_array().unwrap().clone()
}

fn id_of(text: &str) -> Uuid {
    Uuid::parse_str(text).unwrap()
}

#[test]
fn every_kind_is_told_apart_by_its_folder() {
    let folders: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.folder()).collect();
    assert_eq!(folders.len(), Kind::ALL.len());
}
