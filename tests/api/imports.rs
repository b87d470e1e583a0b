//! An archive, taken into another account: what it comes to, and what is no archive.

use chrono::TimeDelta;
use opentracks::archive::layout::{File, Kind, Name};
use opentracks::archive::zip::{Written, end};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::activities::path_of;
use crate::archives::{Files, export, items, lines, unzip};
use crate::bad_input::{blobs, refused};
use crate::communities::put;
use crate::harness::{Caller, PASSWORD, TestApp, fixture, northward_gpx};
use crate::photos::{self, has_photo, has_picture};

pub const IMPORTS: &str = "/api/v1/me/imports";

#[tokio::test(flavor = "multi_thread")]
async fn promise_sp_6_an_archive_makes_an_equal_account_elsewhere() {
    let app = TestApp::start().await;
    let ada = with_a_life(&app).await;
    let exported = unzip(&export(&app, &ada).await);
    let archive = export(&app, &ada).await;

    let empty = TestApp::start().await;
    let again = empty.member("Ada").await;
    empty.advance(TimeDelta::days(3));
    let again = empty.sign_in(&again.email, PASSWORD).await;
    let taken = import(&empty, &again, &archive, "?sharing=restore").await;
    assert_eq!(taken["taken"], json!({ "added": 5, "known": 0, "passed_over": 0, "reason": null }));
    assert_eq!(taken["progress"], json!({ "done": 5, "total": 5 }));
    let reexported = unzip(&export(&empty, &again).await);
    let (one, other) = (comparable(&exported, &ada), comparable(&reexported, &again));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (name, content) in &one {
        assert!(content == &other[name], "{name}:\n{content}\n{}", other[name]);
    }
    assert!(one.len() > 20, "{:?}", one.keys());
    // And nothing is left out of that without need.
    for kind in DIFFERENT {
        let of = |files: &Files, who: &Caller<'_>| {
            let text = Value::from(lines(files, kind)).to_string();
            text.replace(&who.account_id, "ACCOUNT")
        };
        assert_ne!(of(&exported, &ada), of(&reexported, &again), "{kind:?}");
    }
    // What somebody agreed to is between them and whom they told: here nobody did, nor ever had.
    assert_eq!(lines(&exported, Kind::Consents).len(), 1);
    assert_eq!(lines(&reexported, Kind::Consents), Vec::<Value>::new());
    for consent in items(&again, "/api/v1/me/consents").await {
        assert_eq!(consent["given"], false, "{consent}");
    }
    // Others see what they saw.
    let published = lines(&exported, Kind::Activities);
    let published = published.iter().find(|line| line["visibility"] == "published").unwrap();
    let path = format!("/api/v1/activities/{}", published["activity_id"].as_str().unwrap());
    assert_eq!(empty.anyone().get(&path).await.status(), 200);
    // And a link that was made anew opens it, once its token is asked for.
    let links = items(&again, &format!("{path}/links")).await;
    assert_eq!(links.len(), 1, "the one with a password is not made without one");
    let rotate = format!("{path}/links/{}/rotate", links[0]["id"].as_str().unwrap());
    let link: Value = again.post(&rotate, &json!({})).await.json().await.unwrap();
    let shared = format!("/api/v1/shared/{}", link["token"].as_str().unwrap());
    assert_eq!(empty.anyone().get(&shared).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn unless_it_is_asked_for_nothing_is_shared() {
    let app = TestApp::start().await;
    let archive = export(&app, &with_a_life(&app).await).await;
    let empty = TestApp::start().await;
    let again = empty.member("Ada").await;
    import(&empty, &again, &archive, "").await;
    let kept = items(&again, "/api/v1/me/activities").await;
    assert_eq!(kept.len(), 5);
    for activity in kept {
        assert_eq!(activity["visibility"], "private");
        assert_eq!(empty.anyone().get(&path_of(&activity)).await.status(), 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_import_changes_nothing_and_what_was_changed_stays() {
    let app = TestApp::start().await;
    let archive = export(&app, &with_a_life(&app).await).await;
    let empty = TestApp::start().await;
    let again = empty.member("Ada").await;
    import(&empty, &again, &archive, "?sharing=restore").await;
    let first = items(&again, "/api/v1/me/activities").await;
    let path = path_of(&first[0]);
    let changed = again.patch(&path, &json!({ "title": "Another title" })).await;
    assert_eq!(changed.status(), 200);
    let before = items(&again, "/api/v1/me/activities").await;
    let (zones, sealed) = (items(&again, "/api/v1/me/zones").await, blobs(&empty));
    let taken = import(&empty, &again, &archive, "?sharing=restore").await;
    assert_eq!(taken["taken"], json!({ "added": 0, "known": 5, "passed_over": 0, "reason": null }));
    assert_eq!(items(&again, "/api/v1/me/activities").await, before);
    assert_eq!(items(&again, "/api/v1/me/zones").await, zones);
    assert_eq!(blobs(&empty), sealed);
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_that_are_not_free_are_others_and_always_the_same() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    ada.has_activity(&northward_gpx(8.5, 47.3, 100)).await;
    let archive = export(&app, &ada).await;
    // The same instance, where Ada has the id.
    let eve = app.member("Eve").await;
    for (added, known) in [(1, 0), (0, 1)] {
        let taken = import(&app, &eve, &archive, "").await;
        assert_eq!(taken["taken"]["added"], json!(added));
        assert_eq!(taken["taken"]["known"], json!(known));
        assert_eq!(items(&eve, "/api/v1/me/activities").await.len(), 1);
    }
    let own = items(&ada, "/api/v1/me/activities").await;
    assert_eq!(own.len(), 1);
    let hers = items(&eve, "/api/v1/me/activities").await;
    assert_ne!(own[0]["id"], hers[0]["id"]);
    assert_eq!(own[0]["statistics"], hers[0]["statistics"]);
    // What she deletes comes back under another id, and once.
    assert_eq!(ada.delete(&path_of(&own[0])).await.status(), 204);
    for (added, known) in [(1, 0), (0, 1)] {
        let taken = import(&app, &ada, &archive, "").await;
        assert_eq!(
            (&taken["taken"]["added"], &taken["taken"]["known"]),
            (&json!(added), &json!(known))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_archive_of_ours_is_refused_and_leaves_nothing_behind() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let manifest = json!({ "format": "opentracks-account", "version": 1 }).to_string();
    let newer = json!({ "format": "opentracks-account", "version": 2 }).to_string();
    let good: Parts = &[("manifest.json", manifest.as_bytes())];
    let whole = zip(good);
    // Sound but for its size, which it grows to.
    let grown = [manifest.as_bytes(), &b" ".repeat(4 << 20)].concat();
    let many = [vec![0; 46 * 500_001], end(0, 46 * 500_001, 500_001)].concat();
    // Two files of one place: each byte of the archive would come out twice.
    let (mut over, mut last) = (Written::default(), Written::default());
    over.add(0, "account/0001.jsonl", b"{}").unwrap();
    let begins = over.content.len() as u64;
    last.add(begins, "manifest.json", manifest.as_bytes()).unwrap();
    let directory = [over.directory.clone(), over.directory, last.directory].concat();
    let (begins, bytes) = (begins + last.content.len() as u64, directory.len() as u64);
    let over = [over.content, last.content, directory, end(begins, bytes, 3)].concat();
    let broken = "is no sound ZIP archive";
    let foreign = "holds a file with a name that is not ours";
    let pages = "has too many pages, or has them in another order";
    let cases: Vec<(&str, Vec<u8>)> = vec![
        (broken, Vec::new()),
        (broken, b"not an archive".to_vec()),
        (broken, whole[..whole.len() - 30].to_vec()),
        (broken, whole[10..].to_vec()),
        ("has no manifest", zip(&[("README.md", b"x")])),
        ("has a manifest that is not ours", zip(&[("manifest.json", b"x")])),
        (
            "is of a version that this server does not know",
            zip(&[("manifest.json", newer.as_bytes())]),
        ),
        (foreign, zip(&[("../../etc/passwd", b"x"), good[0]])),
        (foreign, zip(&[("/etc/passwd", b"x"), good[0]])),
        (foreign, zip(&[("account/notes.txt", b"x"), good[0]])),
        ("holds a file that is too large", zip(&[("manifest.json", &grown)])),
        ("holds more than 500,000 files", many),
        (pages, zip(&[("blocks/0001.jsonl", b""), ("blocks/0002.jsonl", b""), good[0]])),
        (pages, zip(&[("photos/0001.jsonl", b""), ("activities/0001.jsonl", b""), good[0]])),
        ("has files that lie over each other, or in another order", over),
    ];
    for (what, archive) in cases {
        let ada = app.sign_in(&ada.email, PASSWORD).await;
        let problem = refused(send(&ada, archive, "").await, 422).await;
        assert_eq!(problem["type"], "/problems/unfit-archive", "{what}");
        assert_eq!(problem["detail"], format!("The archive {what}."));
        assert_eq!(items(&ada, IMPORTS).await, Vec::<Value>::new(), "{what}");
        app.run_jobs().await;
        assert_eq!(blobs(&app), 0, "{what}");
        // So that the next one is not one too many.
        app.advance(TimeDelta::hours(6));
    }
}

/// What is found out while it is read ends the import, and says why.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_unfit_inside_ends_the_import_and_says_why() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    ada.has_activity(&northward_gpx(8.5, 47.3, 100)).await;
    let files = unzip(&export(&app, &ada).await);
    let page = Name::Page(Kind::Activities, 1).to_string();
    let track = files.keys().find(|name| name.ends_with("/track.json")).unwrap().clone();
    let line: Value = lines(&files, Kind::Activities).remove(0);
    let with = |field: &str, value: Value| {
        let mut line = line.clone();
        *line.pointer_mut(field).unwrap() = value;
        line.to_string().into_bytes()
    };
    let waypoint = json!([{ "lat_e7": 900_000_001, "lon_e7": 0 }]);
    let changes = [
        (page.clone(), b"{".to_vec()),
        (page.clone(), with("/kind", json!("dreamt"))),
        (page.clone(), with("/sport", json!("<script>"))),
        (page.clone(), with("/details/title", json!("x".repeat(201)))),
        (page.clone(), with("/details/waypoints", waypoint)),
        (page.clone(), with("/details/digest", json!("é".repeat(32)))),
        (page, [with("/kind", json!("recorded")), vec![b' '; 4 << 20]].concat()),
        (track.clone(), b"{}".to_vec()),
        (
            track.clone(),
            br#"{"track":{"lat_e7":[900000001],"lon_e7":[0],"part_ends":[1]}}"#.to_vec(),
        ),
        (track, br#"{"track":{"lat_e7":[1,2],"lon_e7":[1],"part_ends":[2]}}"#.to_vec()),
    ];
    let eve = app.member("Eve").await;
    for (index, (name, content)) in changes.into_iter().enumerate() {
        let mut changed = files.clone();
        changed.insert(name.clone(), content);
        let eve = app.sign_in(&eve.email, PASSWORD).await;
        let answer = send(&eve, rezip(&changed), "").await;
        assert_eq!(answer.status(), 202, "{index} {name}");
        let import: Value = answer.json().await.unwrap();
        app.run_jobs().await;
        let path = format!("{IMPORTS}/{}", import["id"].as_str().unwrap());
        let ended: Value = eve.get(&path).await.json().await.unwrap();
        assert_eq!(ended["state"], "failed", "{index} {name}");
        let reason = ended["taken"]["reason"].as_str().unwrap();
        assert!(reason.starts_with("The archive h") && reason.ends_with('.'), "{reason}");
        assert_eq!(items(&eve, "/api/v1/me/activities").await, Vec::<Value>::new());
        app.advance(TimeDelta::hours(6));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_taken_in_at_a_time_by_who_is_signed_in() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let archive = export(&app, &ada).await;
    refused(send(&app.anyone(), archive.clone(), "").await, 401).await;
    refused(send(&ada, archive.clone(), "?sharing=all").await, 422).await;
    refused(ada.post(IMPORTS, &json!({})).await, 415).await;
    let first = send(&ada, archive.clone(), "").await;
    assert_eq!(first.status(), 202);
    let first: Value = first.json().await.unwrap();
    refused(send(&ada, archive.clone(), "").await, 409).await;
    let path = format!("{IMPORTS}/{}", first["id"].as_str().unwrap());
    assert_eq!(ada.delete(&path).await.status(), 204);
    refused(ada.get(&path).await, 404).await;
    assert_eq!(send(&ada, archive, "").await.status(), 202);
    app.run_jobs().await;
    let log = items(&ada, "/api/v1/me/access-log").await;
    assert_eq!(log.iter().filter(|entry| entry["kind"] == "import_asked").count(), 2);
}

pub type Parts<'a> = &'a [(&'a str, &'a [u8])];

pub fn zip(files: Parts<'_>) -> Vec<u8> {
    let mut written = Written::default();
    for (name, file) in files {
        written.add(0, name, file).unwrap();
    }
    finish(written)
}

fn finish(written: Written) -> Vec<u8> {
    let begins = written.content.len() as u64;
    let end = end(begins, written.directory.len() as u64, written.files);
    [written.content, written.directory, end].concat()
}

/// An archive of these files, in the order in which ours have them.
pub fn rezip(files: &Files) -> Vec<u8> {
    let order = |name: &str| match Name::parse(name).unwrap() {
        Name::Readme => (0, 0, 0),
        Name::Schema => (1, 0, 0),
        Name::Page(kind, number) if kind < Kind::Activities => (2, kind as usize, number),
        Name::Page(kind, number) if kind < Kind::AccessLog => (3, number as usize, kind as u32),
        Name::Of(..) | Name::Photo(..) => (4, 0, 0),
        Name::Page(..) => (5, 0, 0),
        Name::Manifest => (6, 0, 0),
    };
    let mut names: Vec<&String> = files.keys().collect();
    names.sort_by_key(|name| order(name));
    let parts: Vec<_> = names.iter().map(|name| (name.as_str(), files[*name].as_slice())).collect();
    zip(&parts)
}

pub async fn send(who: &Caller<'_>, archive: Vec<u8>, query: &str) -> Response {
    let request = who.request(Method::POST, &format!("{IMPORTS}{query}"));
    request.header("Content-Type", "application/zip").body(archive).send().await.unwrap()
}

/// Takes an archive in, which must work.
pub async fn import(app: &TestApp, who: &Caller<'_>, archive: &[u8], query: &str) -> Value {
    let answer = send(who, archive.to_vec(), query).await;
    assert_eq!(answer.status(), 202);
    let import: Value = answer.json().await.unwrap();
    app.run_jobs().await;
    let path = format!("{IMPORTS}/{}", import["id"].as_str().unwrap());
    let import: Value = who.get(&path).await.json().await.unwrap();
    assert_eq!(import["state"], "finished", "{import}");
    import
}

/// A member with activities of every kind, changed and shared in every way that an empty instance knows.
pub async fn with_a_life(app: &TestApp) -> Caller<'_> {
    let ada = app.member("Ada").await;
    let names = json!({ "given_name": "Augusta", "family_name": "Byron" });
    assert_eq!(ada.patch("/api/v1/me", &names).await.status(), 200);
    let zone = json!({ "label": "Home", "position": [10.0, 50.0], "radius_m": 300 });
    assert_eq!(ada.post("/api/v1/me/zones", &zone).await.status(), 201);
    app.run_jobs().await;
    app.advance(TimeDelta::minutes(1));
    let block = put(&ada, &format!("/api/v1/me/blocks/{}", Uuid::new_v4())).await;
    assert_eq!(block.status(), 204);
    let gpx = String::from_utf8(northward_gpx(8.5, 47.3, 300)).unwrap();
    let waypoint = "<wpt lat=\"47.31\" lon=\"8.5\"><name>Spring</name></wpt><trk>";
    let gpx = gpx.replacen("<trk>", waypoint, 1);
    let pictured = path_of(&ada.has_activity(gpx.as_bytes()).await);
    for file in ["photos/exif_gps.jpg", "photos/hopper_orientation_6.jpg"] {
        let photo = has_photo(&ada, &pictured, &fixture(file)).await;
        let words =
            json!({ "caption": "A été", "alternative_text": file, "position": [8.5, 47.3] });
        assert_eq!(ada.patch(&photos::path(&photo), &words).await.status(), 200);
    }
    let placeless = has_photo(&ada, &pictured, &fixture("photos/gps-2000-scaled.jpg")).await;
    let hidden = json!({ "position": null, "is_cover": true });
    assert_eq!(ada.patch(&photos::path(&placeless), &hidden).await.status(), 200);
    has_picture(&ada).await;
    ada.agree("heat_map", true).await;
    let cropped = path_of(&ada.has_activity(gpx.as_bytes()).await);
    app.advance(TimeDelta::seconds(10));
    let crop = json!({ "from_index": 10, "to_index": 250 });
    assert_eq!(ada.post(&format!("{cropped}/crop"), &crop).await.status(), 200);
    let titled =
        json!({ "title": "Évening", "description": "Two\nlines", "choices": { "ends_m": 500 } });
    assert_eq!(ada.patch(&cropped, &titled).await.status(), 200);
    let plan = json!({
        "kind": "planned", "title": "A plan", "sport": "hiking",
        "track": { "type": "LineString", "coordinates": [[8.5, 47.3], [8.6, 47.4, 500.0], [8.7, 47.4]] },
    });
    assert_eq!(ada.post("/api/v1/activities", &plan).await.status(), 201);
    let published = format!("/api/v1/activities/{}", ada.has_published(gpx.as_bytes()).await);
    let linked = path_of(&ada.has_activity(gpx.as_bytes()).await);
    for (path, link) in [
        (&published, json!({ "label": "For Grandma" })),
        (&published, json!({ "password": "brook" })),
        (&linked, json!({ "label": "For Grandpa", "expires_at": "2030-01-01T00:00:00Z" })),
    ] {
        assert_eq!(ada.post(&format!("{path}/links"), &link).await.status(), 201);
    }
    let lake = app.member("Dee").await.has_published(gpx.as_bytes()).await;
    let review = format!("/api/v1/activities/{lake}/reviews");
    assert_eq!(ada.post(&review, &json!({ "rating": 4 })).await.status(), 201);
    ada
}

/// What is not alike: who signed in and what was done is each account's own; what was agreed to elsewhere is not agreed to
/// here, nor said again of what is elsewhere; a picture is drawn anew, links have tokens of their own, and photos moments.
const DIFFERENT: [Kind; 8] = [
    Kind::Sessions,
    Kind::Archives,
    Kind::AccessLog,
    Kind::Consents,
    Kind::Reviews,
    Kind::Pictures,
    Kind::Links,
    Kind::Photos,
];

/// What two accounts that are equal have alike: all but who they are, and [`DIFFERENT`] things.
fn comparable(files: &Files, of: &Caller<'_>) -> std::collections::BTreeMap<String, String> {
    let mut comparable = std::collections::BTreeMap::new();
    for (name, file) in files {
        let is_left_out = match Name::parse(name).unwrap() {
            // Renditions are cut anew, on the grid of another key.
            Name::Manifest | Name::Of(_, File::Rendition) => true,
            Name::Page(kind, _) => DIFFERENT.contains(&kind),
            Name::Readme | Name::Schema | Name::Of(..) | Name::Photo(..) => false,
        };
        if !is_left_out {
            let text = String::from_utf8_lossy(file).replace(&of.account_id, "ACCOUNT");
            // The day of the last contact is each account's own.
            let (text, day) = text.split_once("\"last_contact_on\":").unwrap_or((&text, ""));
            let text = format!("{text}{}", day.split_once(',').map_or("", |(_, rest)| rest));
            comparable.insert(name.clone(), text);
        }
    }
    // When a photo was kept and changed is told of each account by itself.
    for photo in lines(files, Kind::Photos) {
        let told = format!("{} {} {}", photo["rank"], photo["is_cover"], photo["details"]);
        comparable.insert(photo["photo_id"].to_string(), told);
    }
    assert_eq!(lines(files, Kind::Pictures).len(), 1);
    let links = lines(files, Kind::Links).into_iter().filter(|link| link["is_locked"] == false);
    let links = links
        .map(|link| format!("{} {} {}", link["activity_id"], link["content"], link["expires_at"]));
    comparable.insert("links".to_owned(), links.collect::<Vec<_>>().join("\n"));
    comparable
}
