//! How much of everything an archive may hold: as much as ours do, and no more.

use std::fmt::Write as _;

use chrono::TimeDelta;
use opentracks::archive::layout::{Kind, Name};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::activities::path_of;
use crate::archives::{Files, export, items, lines, unzip};
use crate::communities::json_of;
use crate::harness::{Caller, PASSWORD, TestApp, fixture, northward_gpx};
use crate::imports::{IMPORTS, import, rezip, send};
use crate::photos::has_photo;

/// An activity whose points of interest have as many and as long names and texts as they may have.
fn wordy_gpx(seed: u32) -> Vec<u8> {
    let mut random = seed;
    let mut words = |chars: usize| -> String {
        let pictures = (0..chars).map(|_| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Four bytes each, and hard to pack.
            char::from_u32(0x1_F300 + (random >> 16) % 0x300).unwrap()
        });
        pictures.collect()
    };
    let mut waypoints = String::new();
    for _ in 0..1_000 {
        let (name, text, symbol) = (words(200), words(1_000), words(200));
        let fields = format!("<name>{name}</name><desc>{text}</desc><sym>{symbol}</sym>");
        write!(waypoints, "<wpt lat=\"47.3\" lon=\"8.5\">{fields}</wpt>").unwrap();
    }
    let gpx = String::from_utf8(northward_gpx(8.5, 47.3, 10)).unwrap();
    gpx.replacen("<trk>", &format!("{waypoints}<trk>"), 1).into_bytes()
}

/// Each brings along 5.7 MB of lines, and three of them more than a page may have.
#[tokio::test(flavor = "multi_thread")]
async fn the_longest_lines_that_there_are_come_back() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    for seed in 0..3 {
        ada.has_activity(&wordy_gpx(seed)).await;
    }
    let archive = export(&app, &ada).await;
    let eve = app.member("Eve").await;
    let taken = import(&app, &eve, &archive, "").await;
    assert_eq!(taken["taken"], json!({ "added": 3, "known": 0, "passed_over": 0, "reason": null }));
    let (given, kept) = (texts(&ada).await, texts(&eve).await);
    assert_eq!(given.len(), 3);
    assert!(given == kept);
    assert!(given.iter().all(|text| 4_800_000 < text.len()));
}

/// The points of interest of each activity, as one reads them.
async fn texts(who: &Caller<'_>) -> Vec<String> {
    let mut texts = Vec::new();
    for activity in items(who, "/api/v1/me/activities").await {
        let activity = json_of(who, &path_of(&activity)).await;
        texts.push(activity["waypoints"].to_string());
    }
    texts.sort();
    texts
}

/// Before anything of it is kept, and in memory.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_more_than_ours_have_ends_an_import() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let activity = ada.has_activity(&northward_gpx(8.5, 47.3, 100)).await;
    has_photo(&ada, &path_of(&activity), &fixture("photos/exif_gps.jpg")).await;
    let files = unzip(&export(&app, &ada).await);
    let eve = app.member("Eve").await;
    for (reason, kind, content) in excesses(&files) {
        let mut changed: Files = files.clone();
        changed.insert(Name::Page(kind, 1).to_string(), content.into_bytes());
        let eve = app.sign_in(&eve.email, PASSWORD).await;
        let answer = send(&eve, rezip(&changed), "").await;
        assert_eq!(answer.status(), 202, "{kind:?}");
        let sent: Value = answer.json().await.unwrap();
        app.run_jobs().await;
        let ended = json_of(&eve, &format!("{IMPORTS}/{}", sent["id"].as_str().unwrap())).await;
        assert_eq!(ended["state"], "failed", "{kind:?}");
        assert_eq!(ended["taken"]["reason"], format!("The archive {reason}."), "{kind:?}");
        for kept in ["activities", "zones", "blocks"] {
            let kept = items(&eve, &format!("/api/v1/me/{kept}")).await;
            assert_eq!(kept, Vec::<Value>::new(), "{kind:?}");
        }
        app.advance(TimeDelta::hours(6));
    }
}

/// Pages that hold too much of something, and why that is refused.
fn excesses(files: &Files) -> [(&'static str, Kind, String); 6] {
    let (photo, activity) =
        (lines(files, Kind::Photos).remove(0), lines(files, Kind::Activities).remove(0));
    let with = |line: &Value, field: &str, value: Value| {
        let mut line = line.clone();
        *line.pointer_mut(field).unwrap() = value;
        line
    };
    let page = |count: u128, line: &dyn Fn(Value) -> Value| {
        let lines = (0..count).map(|index| line(json!(Uuid::from_u128(index))).to_string());
        lines.collect::<Vec<_>>().join("\n")
    };
    let at = &activity["created_at"];
    let place = json!({ "label": "Home", "position": [8.5, 47.3], "radius_m": 300 });
    let zone =
        |id| json!({ "zone_id": id, "created_at": at, "updated_at": at, "content": place.clone() });
    let block = |id| json!({ "member_id": id, "created_at": at });
    let waypoint = json!({ "lat_e7": 0, "lon_e7": 0 });
    let waypoints = with(&activity, "/details/waypoints", json!(vec![waypoint; 1_001]));
    // Its file is not there: no matter.
    let captioned = with(&photo, "/photo_id", json!(Uuid::new_v4()));
    let captioned = with(&captioned, "/details/caption", json!("x".repeat(1_001)));
    // It cannot be packed well.
    let long: Vec<String> = (0..600_000).map(|_| Uuid::new_v4().simple().to_string()).collect();
    let long = with(&photo, "/details/caption", json!(long.concat()));
    let too_many = "has too many lines on one page";
    [
        (too_many, Kind::Blocks, page(1_001, &block)),
        (too_many, Kind::Zones, page(51, &zone)),
        (too_many, Kind::Activities, page(101, &|id| with(&activity, "/activity_id", id))),
        ("has a line that is not one of ours", Kind::Activities, waypoints.to_string()),
        ("has a value that is not fit", Kind::Photos, captioned.to_string()),
        ("holds a file that is too large", Kind::Photos, long.to_string()),
    ]
}
