//! Photos: kept as they came, drawn anew, and shown to whom their activity is shown.

use std::fmt::Write;

use chrono::TimeDelta;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::activities::path_of;
use crate::bad_input::{blobs, kept, refused};
use crate::harness::{Caller, TestApp, dump_data, fixture, northward_gpx};
use crate::pictures::{CANARY, Said, jpeg, png, telling_jpeg, telling_png, telling_webp};

/// The sizes, with the longest side of each.
pub const SIZES: [(&str, u64); 3] = [("thumbnail", 400), ("medium", 1_280), ("large", 2_560)];

/// Sends pictures to an activity.
pub async fn send(
    caller: &Caller<'_>,
    activity: &str,
    files: &[&[u8]],
    metadata: &Value,
) -> Response {
    let mut form = Form::new();
    for file in files {
        form = form.part("file", Part::bytes(file.to_vec()).file_name("../../IMG 1.jpg"));
    }
    if !metadata.is_null() {
        form = form.text("metadata", metadata.to_string());
    }
    let request = caller.request(Method::POST, &format!("{activity}/photos"));
    request.multipart(form).send().await.unwrap()
}

/// Sends a picture, which must work, and has it drawn; returns the photo.
pub async fn has_photo(caller: &Caller<'_>, activity: &str, file: &[u8]) -> Value {
    let answer = send(caller, activity, &[file], &Value::Null).await;
    assert_eq!(answer.status(), 201);
    let photo: Value = answer.json().await.unwrap();
    caller.app.run_jobs().await;
    caller.get(&path(&photo)).await.json().await.unwrap()
}

/// Puts a picture beside the public name.
pub async fn has_picture(caller: &Caller<'_>) {
    let request = caller.request(Method::PUT, "/api/v1/me/picture");
    let request = request.header("Content-Type", "image/jpeg");
    let answer = request.body(fixture("photos/hopper_orientation_6.jpg")).send().await.unwrap();
    assert_eq!(answer.status(), 204);
}

/// Where a photo is.
pub fn path(photo: &Value) -> String {
    format!("/api/v1/photos/{}", photo["id"].as_str().unwrap())
}

/// The photos of an activity, as the caller sees them.
pub async fn album(caller: &Caller<'_>, activity: &str) -> Vec<Value> {
    let answer = caller.get(&format!("{activity}/photos")).await;
    assert_eq!(answer.status(), 200);
    answer.json::<Value>().await.unwrap()["items"].as_array().unwrap().clone()
}

/// The sides of a JPEG file, and its colour at the top left and the bottom right.
fn look(file: &[u8]) -> ((u64, u64), [u8; 3], [u8; 3]) {
    let options = zune_core::options::DecoderOptions::default();
    let cursor = zune_core::bytestream::ZCursor::new(file);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(cursor, options);
    let rgb = decoder.decode().unwrap();
    let (width, height) = decoder.dimensions().unwrap();
    let pixel = |index: usize| [rgb[3 * index], rgb[3 * index + 1], rgb[3 * index + 2]];
    ((width as u64, height as u64), pixel(0), pixel(width * height - 1))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_is_kept_as_it_came_and_drawn_in_three_sizes() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let activity = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let file = telling_jpeg(3_000, 2_000, &Said::default());
    let metadata = json!({ "caption": "At the top", "alternative_text": "Two goats." });
    let answer = send(&ada, &activity, &[&file], &metadata).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["etag"]),
        (201, &"\"1\"".parse().unwrap())
    );
    let photo: Value = answer.json().await.unwrap();
    assert_eq!((&photo["state"], &photo["caption"]), (&json!("waiting"), &json!("At the top")));
    assert_eq!(photo["sizes"], Value::Null);
    let path = path(&photo);
    // Kept at once; looked at once it is drawn.
    let original = ada.get(&format!("{path}/original")).await;
    assert_eq!(original.headers()["content-type"], "application/octet-stream");
    assert_eq!(original.headers()["content-disposition"], "attachment; filename=\"original\"");
    assert_eq!(original.bytes().await.unwrap(), file);
    refused(ada.get(&format!("{path}/large.jpg")).await, 404).await;

    app.run_jobs().await;
    let photo: Value = ada.get(&path).await.json().await.unwrap();
    assert_eq!((&photo["state"], &photo["version"]), (&json!("ready"), &json!(1)));
    assert!(photo["colour"].as_str().unwrap().starts_with('#'), "{photo}");
    assert!(!photo["placeholder"].as_str().unwrap().is_empty());
    for (size, longest) in SIZES {
        let answer = ada.get(&format!("{path}/{size}.jpg")).await;
        assert_eq!(answer.headers()["content-type"], "image/jpeg");
        assert_eq!(answer.headers()["cache-control"], "private, no-store");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        let (sides, ..) = look(&answer.bytes().await.unwrap());
        assert_eq!(sides.0, longest);
        assert_eq!(photo["sizes"][size], json!({ "width": sides.0, "height": sides.1 }));
    }
    refused(ada.get(&format!("{path}/huge.jpg")).await, 404).await;
    assert_eq!(album(&ada, &activity).await, [photo]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_stands_upright_in_the_colours_of_srgb() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let activity = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 30)).await);
    for (orientation, sides, red_first) in
        [(1, (60, 30), true), (3, (60, 30), false), (6, (30, 60), true), (8, (30, 60), false)]
    {
        let said = Said { orientation: Some(orientation), ..Said::default() };
        let files =
            [telling_jpeg(60, 30, &said), telling_png(60, 30, &said), telling_webp(60, 30, &said)];
        for file in files {
            let photo = has_photo(&ada, &activity, &file).await;
            let drawn =
                ada.get(&format!("{}/large.jpg", path(&photo))).await.bytes().await.unwrap();
            let (found, first, last) = look(&drawn);
            assert_eq!(found, sides, "{orientation}");
            if orientation == 1 || orientation == 3 {
                assert_eq!(first[0] > last[0], red_first, "{orientation}: {first:?} {last:?}");
            }
        }
    }
    // A small one is never made larger, and its red, which a wider space calls less, is that of sRGB.
    for (name, sides) in [
        ("photos/hopper_orientation_6.jpg", (128, 128)),
        ("photos/hopper_orientation_3.webp", (128, 128)),
        ("photos/exif.png", (15, 7)),
    ] {
        let photo = has_photo(&ada, &activity, &fixture(name)).await;
        let drawn = ada.get(&format!("{}/large.jpg", path(&photo))).await.bytes().await.unwrap();
        assert_eq!(look(&drawn).0, sides, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::too_many_lines, reason = "what cameras say is one list")]
async fn its_owner_is_told_when_and_where_a_photo_was_taken() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    // From 07:00 UTC on, northwards, 10 m each 3 s.
    let activity = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let told = async |said: Said| {
        let file = telling_jpeg(20, 10, &said);
        let answer = send(&ada, &activity, &[&file], &Value::Null).await;
        assert_eq!(answer.status(), 201);
        let photo: Value = answer.json().await.unwrap();
        (photo["taken_at"].clone(), photo["position"].clone(), photo["position_source"].clone())
    };
    let place = [47.31, 8.501];
    let camera = (json!([8.501, 47.31]), json!("camera"));
    let with_offset = Said {
        clock: Some("2026:05:30 09:05:00"),
        offset: Some("+02:00"),
        place: Some(place),
        ..Said::default()
    };
    let (taken_at, position, source) = told(with_offset.clone()).await;
    assert_eq!((taken_at, (position, source)), (json!("2026-05-30T07:05:00Z"), camera.clone()));
    // The zone follows from the satellites; without a place, it is that of the track then.
    let by_satellites = Said {
        clock: Some("2026:05:30 16:05:02"),
        satellites: Some(("2026:05:30", [7, 5, 0])),
        ..Said::default()
    };
    let (taken_at, position, source) = told(by_satellites).await;
    assert_eq!((taken_at, source), (json!("2026-05-30T07:05:02Z"), json!("track")));
    assert!((position[1].as_f64().unwrap() - (47.3 + 101.0 * 10.0 / 111_320.0)).abs() < 1e-4);
    // Or from the track, where that leaves one zone alone.
    let clock_alone = Said { clock: Some("2026:05:30 09:05:00"), ..Said::default() };
    let (taken_at, _, source) = told(clock_alone).await;
    assert_eq!((taken_at, source), (json!("2026-05-30T07:05:00Z"), json!("track")));
    // What cannot be is taken as not said.
    let nothing = (Value::Null, Value::Null, Value::Null);
    for absurd in [
        Said { clock: Some("2099:09:29 10:10:10"), offset: Some("+00:00"), ..Said::default() },
        Said { clock: Some("0000:00:00 00:00:00"), ..Said::default() },
        Said { clock: Some("2026:13:41 09:05:00"), ..Said::default() },
        Said { place: Some([0.0, 0.0]), ..Said::default() },
        Said { place: Some([95.0, 8.5]), ..Said::default() },
        Said { place: Some([47.3, 200.0]), ..Said::default() },
        Said { satellites: Some(("2099:01:01", [7, 5, 0])), ..Said::default() },
        Said { satellites: Some(("2026:05:30", [25, 5, 0])), ..Said::default() },
        Said { clock: Some("1970:01:01 00:00:00"), offset: Some("+00:00"), ..Said::default() },
    ] {
        assert_eq!(told(absurd).await, nothing);
    }
    // South and west; a zone that cannot be; a clock that the satellites do not bear out.
    let south = Said { place: Some([-33.9, -70.6]), ..Said::default() };
    let (_, position, source) = told(south).await;
    assert_eq!((position, source), (json!([-70.6, -33.9]), json!("camera")));
    for doubtful in [
        Said { offset: Some("+99:00"), ..Said::default() },
        Said { satellites: Some(("2026:05:30", [4, 27, 0])), ..Said::default() },
    ] {
        let clock = Some("2026:05:30 18:05:00");
        assert_eq!(told(Said { clock, ..doubtful }).await, nothing);
    }
    let answer = send(&ada, &activity, &[&fixture("photos/exif_gps.jpg")], &Value::Null).await;
    let photo: Value = answer.json().await.unwrap();
    assert_eq!((&photo["taken_at"], &photo["position"]), (&Value::Null, &Value::Null));
    let answer =
        send(&ada, &activity, &[&fixture("photos/gps-2000-scaled.jpg")], &Value::Null).await;
    let photo: Value = answer.json().await.unwrap();
    assert!((photo["position"][1].as_f64().unwrap() + 38.405_194_783_3).abs() < 1e-6, "{photo}");
    // What its owner says goes before.
    let metadata = json!({ "position": [8.6, 47.4], "taken_at": "2026-05-30T06:00:00Z" });
    let file = telling_jpeg(22, 10, &with_offset);
    let photo: Value = send(&ada, &activity, &[&file], &metadata).await.json().await.unwrap();
    assert_eq!(
        (&photo["position"], &photo["position_source"]),
        (&json!([8.6, 47.4]), &json!("owner"))
    );
    assert_eq!(photo["taken_at"], "2026-05-30T06:00:00Z");
    // And may be moved and cleared.
    let path = path(&photo);
    let moved: Value =
        ada.patch(&path, &json!({ "position": [8.7, 47.5] })).await.json().await.unwrap();
    assert_eq!(moved["position"], json!([8.7, 47.5]));
    let cleared: Value = ada.patch(&path, &json!({ "position": null })).await.json().await.unwrap();
    assert_eq!(
        (&cleared["position"], &cleared["position_source"]),
        (&Value::Null, &json!("owner"))
    );
    refused(ada.patch(&path, &json!({ "position": [200, 0] })).await, 422).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_reaches_whom_its_activity_reaches_and_no_longer() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let activity = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let photo = has_photo(&ada, &activity, &telling_jpeg(600, 400, &Said::default())).await;
    let path = path(&photo);
    let ways = [path.clone(), format!("{path}/thumbnail.jpg"), format!("{activity}/photos")];
    let all = async |caller: &Caller<'_>, status: u16| {
        for way in &ways {
            assert_eq!(caller.get(way).await.status(), status, "{way}");
        }
    };
    all(&eve, 404).await;
    assert_eq!(ada.post(&format!("{activity}/publish"), &json!({})).await.status(), 200);
    for caller in [&eve, &app.anyone()] {
        all(caller, 200).await;
        refused(
            caller.get(&format!("{path}/original")).await,
            if caller.token.is_some() { 404 } else { 401 },
        )
        .await;
    }
    let seen: Value = eve.get(&path).await.json().await.unwrap();
    let names: Vec<&str> = seen.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names.join(" "),
        "activity_id alternative_text caption colour id is_cover placeholder position revision sizes"
    );
    // The preview is what they get.
    let preview = ada.get(&format!("{activity}/photos?as=public")).await.bytes().await.unwrap();
    assert_eq!(eve.get(&ways[2]).await.bytes().await.unwrap(), preview);
    // Kept for good only under an address of this revision, and by nobody in between.
    let cached = async |way: &str| {
        eve.get(way).await.headers()["cache-control"].to_str().unwrap().to_owned()
    };
    assert_eq!(cached(&ways[1]).await, "public, no-cache");
    let revision = format!("{}?v={}", ways[1], seen["revision"]);
    assert_eq!(cached(&revision).await, "private, max-age=31536000, immutable");
    assert_eq!(cached(&format!("{}?v=7", ways[1])).await, "public, no-cache");

    assert_eq!(ada.post(&format!("{activity}/unpublish"), &json!({})).await.status(), 200);
    all(&eve, 404).await;
    refused(eve.get(&revision).await, 404).await;
    all(&ada, 200).await;
    assert!(!dump_data(&app).contains("\"placeholder\""), "a row is left in the commons");

    // By a link, to who has it, as it is then.
    let link: Value =
        ada.post(&format!("{activity}/links"), &json!({})).await.json().await.unwrap();
    let shared = format!("/api/v1/shared/{}", link["token"].as_str().unwrap());
    let id = photo["id"].as_str().unwrap();
    let behind = ["photos".to_owned(), format!("photos/{id}"), format!("photos/{id}/medium.jpg")];
    all(&eve, 404).await;
    for child in &behind {
        let answer = eve.get(&format!("{shared}/{child}")).await;
        assert_eq!(answer.status(), 200, "{child}");
        assert_eq!(answer.headers()["cache-control"], "private, no-store");
        assert_eq!(answer.headers()["x-robots-tag"], "noindex, nofollow");
    }
    refused(eve.get(&format!("{shared}/photos/{}", Uuid::new_v4())).await, 404).await;
    // A link to one activity leads to no photo of another.
    let other = path_of(&ada.has_activity(&northward_gpx(8.6, 47.3, 300)).await);
    let elsewhere = has_photo(&ada, &other, &jpeg(60, 40)).await;
    let elsewhere = elsewhere["id"].as_str().unwrap();
    refused(eve.get(&format!("{shared}/photos/{elsewhere}/medium.jpg")).await, 404).await;
    let link = link["id"].as_str().unwrap();
    assert_eq!(ada.delete(&format!("{activity}/links/{link}")).await.status(), 204);
    for child in &behind {
        refused(eve.get(&format!("{shared}/{child}")).await, 404).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_of_a_shared_activity_come_go_and_change_with_the_answer() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let id = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let activity = format!("/api/v1/activities/{id}");
    let metadata = json!([{ "caption": "One" }, { "caption": "Two" }, { "caption": "Three" }]);
    let files = [jpeg(60, 40), png(61, 40), jpeg(62, 40)];
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let answer = send(&ada, &activity, &files, &metadata).await;
    assert_eq!(answer.status(), 201);
    let sent: Value = answer.json().await.unwrap();
    assert_eq!(album(&eve, &activity).await.len(), 0, "not drawn yet");
    app.run_jobs().await;
    let captions = async |caller: &Caller<'_>| {
        let photos = album(caller, &activity).await;
        let cover = photos.iter().filter(|photo| photo["is_cover"] == true);
        let cover: Vec<String> =
            cover.map(|photo| photo["caption"].as_str().unwrap().to_owned()).collect();
        let all: Vec<&str> =
            photos.iter().map(|photo| photo["caption"].as_str().unwrap_or("-")).collect();
        format!("{} ({})", all.join(" "), cover.join(" "))
    };
    assert_eq!(captions(&eve).await, "One Two Three (One)");
    assert_eq!(captions(&ada).await, "One Two Three ()");
    let [one, _, three] = [0, 1, 2].map(|index| path(&sent["photos"][index]));
    let change = json!({ "order": 0, "is_cover": true, "alternative_text": "Goats." });
    let changed = ada.patch(&three, &change).await;
    assert_eq!(
        (changed.status().as_u16(), &changed.headers()["etag"]),
        (200, &"\"2\"".parse().unwrap())
    );
    assert_eq!(captions(&eve).await, "Three One Two (Three)");
    assert_eq!(captions(&ada).await, "Three One Two (Three)");
    assert_eq!(ada.patch(&one, &json!({ "is_cover": true, "caption": null })).await.status(), 200);
    let photos = album(&eve, &activity).await;
    assert_eq!((&photos[1]["caption"], &photos[1]["is_cover"]), (&Value::Null, &json!(true)));
    assert_eq!(
        (&photos[0]["alternative_text"], &photos[0]["is_cover"]),
        (&json!("Goats."), &json!(false))
    );
    // Who has read another version overwrites nothing.
    let stale = ada.request(Method::PATCH, &three).header("If-Match", "\"1\"");
    refused(stale.json(&json!({ "caption": "Stale" })).send().await.unwrap(), 412).await;
    let stale = ada.request(Method::DELETE, &three).header("If-Match", "\"1\"");
    refused(stale.send().await.unwrap(), 412).await;
    for unfit in [
        json!({ "caption": "" }),
        json!({ "caption": "x".repeat(1_001) }),
        json!({ "visibility": "published" }),
    ] {
        refused(ada.patch(&three, &unfit).await, 422).await;
    }
    // Nobody else changes anything.
    for method in [Method::PATCH, Method::DELETE] {
        let request = eve.request(method, &one).json(&json!({ "caption": "Mine" }));
        refused(request.send().await.unwrap(), 404).await;
    }
    assert_eq!(send(&eve, &activity, &files[..1], &Value::Null).await.status(), 404);
    // Deleted, for everybody, blobs and all.
    let before = blobs(&app);
    assert_eq!(ada.delete(&three).await.status(), 204);
    for way in [three.clone(), format!("{three}/large.jpg")] {
        refused(eve.get(&way).await, 404).await;
        refused(ada.get(&way).await, 404).await;
    }
    app.run_jobs().await;
    assert_eq!(blobs(&app), before - 4);
    assert_eq!(album(&eve, &activity).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn others_are_told_a_place_only_where_the_line_is_shown() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    // Three kilometres north from (8.5, 47.3).
    let activity = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let at = |north_m: f64, east_m: f64| {
        let place = Some([47.3 + north_m / 111_320.0, 8.5 + east_m / 75_500.0]);
        telling_jpeg(40, 30, &Said { place, ..Said::default() })
    };
    let middle = has_photo(&ada, &activity, &at(1_500.0, 5.0)).await;
    let others = [at(20.0, 0.0), at(2_980.0, 0.0), at(1_500.0, 400.0), at(-900.0, 0.0)];
    for file in &others {
        has_photo(&ada, &activity, file).await;
    }
    assert_eq!(ada.post(&format!("{activity}/publish"), &json!({})).await.status(), 200);
    let places = async || {
        let photos = album(&eve, &activity).await;
        assert_eq!(photos.len(), 5, "each is shown, wherever it was taken");
        photos.iter().map(|photo| photo["position"].clone()).collect::<Vec<_>>()
    };
    let [shown, hidden @ ..] = <[Value; 5]>::try_from(places().await).unwrap();
    assert_eq!(shown, middle["position"]);
    assert_eq!(hidden, [const { Value::Null }; 4]);
    // A zone takes the place with the line, at once and for good.
    let zone =
        json!({ "label": "Hut", "position": [8.5, 47.3 + 1_500.0 / 111_320.0], "radius_m": 200 });
    let zone: Value = ada.post("/api/v1/me/zones", &zone).await.json().await.unwrap();
    refused(eve.get(&path(&middle)).await, 404).await;
    app.run_jobs().await;
    assert_eq!(places().await, [const { Value::Null }; 5]);
    assert_eq!(eve.get(&format!("{}/large.jpg", path(&middle))).await.status(), 200);
    // Its owner is told before the place comes back.
    let zone = format!("/api/v1/me/zones/{}", zone["id"].as_str().unwrap());
    let problem = refused(ada.delete(&zone).await, 409).await;
    let confirmation = problem["confirmation"].as_str().unwrap();
    assert_eq!(ada.delete(&format!("{zone}?confirm={confirmation}")).await.status(), 204);
    app.run_jobs().await;
    assert_eq!(places().await[0], middle["position"]);
    // What is hidden hides places as near to the visible line as one likes.
    let line: Value = eve.get(&format!("{activity}/track.geojson")).await.json().await.unwrap();
    let coordinates = &line["features"][0]["geometry"]["coordinates"];
    let first = if coordinates[0][0].is_array() { &coordinates[0][0] } else { &coordinates[0] };
    let [lon, lat] = [&first[0], &first[1]].map(|part| part.as_f64().unwrap());
    for (north_m, is_told) in [(-40.0, false), (40.0, true)] {
        let moved = json!({ "position": [lon, lat + north_m / 111_320.0] });
        assert_eq!(ada.patch(&path(&middle), &moved).await.status(), 200);
        assert_eq!(places().await[0].is_array(), is_told, "{north_m} m");
    }
    // A hidden map hides places of photos too, and a moved photo is judged by where it is moved to.
    let choices = json!({ "choices": { "map": false } });
    assert_eq!(ada.patch(&activity, &choices).await.status(), 200);
    assert_eq!(places().await, [const { Value::Null }; 5]);
    let choices = json!({ "choices": { "map": true } });
    assert_eq!(ada.patch(&activity, &choices).await.status(), 200);
    let moved = json!({ "position": [8.5, 47.3] });
    assert_eq!(ada.patch(&path(&middle), &moved).await.status(), 200);
    assert_eq!(places().await, [const { Value::Null }; 5]);
}

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::too_many_lines, reason = "what others get is one list")]
async fn promise_ot_3_1_others_get_pixels_of_a_photo_and_nothing_else_of_its_file() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let id = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let activity = format!("/api/v1/activities/{id}");
    let said = Said {
        clock: Some("2026:05:30 09:05:17"),
        offset: Some("+02:00"),
        place: Some([47.312_345, 8.498_765]),
        orientation: Some(6),
        ..Said::default()
    };
    let files = [
        telling_jpeg(3_000, 2_000, &said),
        telling_png(500, 300, &said),
        telling_webp(500, 300, &said),
    ];
    // In the originals they are, else this would prove nothing.
    let planted = files.each_ref().map(|file| count(file, CANARY.as_bytes()));
    assert!(planted.iter().zip([10, 5, 10]).all(|(found, least)| least <= *found), "{planted:?}");
    let link: Value =
        ada.post(&format!("{activity}/links"), &json!({})).await.json().await.unwrap();
    let shared = format!("/api/v1/shared/{}", link["token"].as_str().unwrap());
    let brook = json!({ "name": "Brook", "visibility": "public" });
    let brook: Value = ada.post("/api/v1/communities", &brook).await.json().await.unwrap();
    let of_brook = format!("/api/v1/communities/{}/picture", brook["id"].as_str().unwrap());
    let of_ada = format!("/api/v1/members/{}/picture", ada.account_id);
    let mut heard = Vec::new();
    for file in &files {
        let photo = has_photo(&ada, &activity, file).await;
        let id = photo["id"].as_str().unwrap();
        for way in [path(&photo), format!("{activity}/photos"), activity.clone()] {
            heard.push(whole(eve.get(&way).await).await);
        }
        for way in [path(&photo), format!("{shared}/photos/{id}")] {
            for (size, _) in SIZES {
                let content = eve.get(&format!("{way}/{size}.jpg")).await;
                assert_eq!(content.status(), 200);
                heard.push(whole(content).await);
            }
            heard.push(whole(eve.get(&way).await).await);
        }
        // Nor in what the same file makes of a member and a community.
        for (owner, seen) in [("/api/v1/me/picture", &of_ada), (&of_brook, &of_brook)] {
            let put = ada.request(Method::PUT, owner).header("Content-Type", "image/jpeg");
            assert_eq!(put.body(file.clone()).send().await.unwrap().status(), 204);
            let content = eve.get(seen).await;
            assert_eq!(content.status(), 200);
            heard.push(whole(content).await);
        }
    }
    for way in [format!("{activity}/track.geojson"), format!("{activity}/track.gpx"), shared] {
        heard.push(whole(eve.get(&way).await).await);
    }
    let planted = [
        CANARY,
        "IMG 1",
        "2026:05:30",
        "09:05:17",
        "07:05:17",
        "Exif",
        "http://ns.adobe.com",
        "8BIM",
        "ICC_PROFILE",
        "tEXt",
        "eXIf",
        "xmpmeta",
        "KNRI",
        "VP8X",
    ];
    for (index, content) in heard.iter().enumerate() {
        for word in planted {
            assert_eq!(count(content, word.as_bytes()), 0, "{word} in {index}");
        }
        for (marker, what) in
            [(0xE1, "EXIF"), (0xE2, "a profile"), (0xED, "IPTC"), (0xFE, "a comment")]
        {
            if content.windows(3).any(|start| start == [0xFF, 0xD8, 0xFF]) {
                assert!(!head_segments(content).contains(&marker), "{what}");
            }
        }
    }
    // Nor do they lie anywhere unsealed.
    assert!(!dump_data(&app).contains(CANARY));
}

/// Headers and body of an answer, as they came.
async fn whole(answer: Response) -> Vec<u8> {
    let mut whole = String::new();
    for (name, value) in answer.headers() {
        writeln!(whole, "{name}: {}", value.to_str().unwrap()).unwrap();
    }
    let mut whole = whole.into_bytes();
    whole.extend(answer.bytes().await.unwrap());
    whole
}

fn count(content: &[u8], word: &[u8]) -> usize {
    content.windows(word.len()).filter(|window| *window == word).count()
}

/// The markers of a JPEG file before its scan.
fn head_segments(content: &[u8]) -> Vec<u8> {
    let start = content.windows(3).position(|start| start == [0xFF, 0xD8, 0xFF]).unwrap() + 2;
    let (mut rest, mut kinds) = (&content[start..], Vec::new());
    while let [0xFF, kind, high, low, ..] = rest {
        kinds.push(*kind);
        if *kind == 0xDA {
            break;
        }
        rest = &rest[2 + usize::from(u16::from_be_bytes([*high, *low]))..];
    }
    kinds
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_a_photo_again_is_harmless() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let activity = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 30)).await);
    let other = path_of(&ada.has_activity(&northward_gpx(8.6, 47.3, 30)).await);
    let (file, id) = (jpeg(60, 40), Uuid::new_v4());
    let named = json!({ "id": id });
    let first = send(&ada, &activity, &[&file], &named).await;
    assert_eq!(first.status(), 201);
    let first: Value = first.json().await.unwrap();
    assert_eq!(first["id"], json!(id));
    let before = kept(&app).await;
    let again = send(&ada, &activity, &[&file], &named).await;
    assert_eq!((again.status().as_u16(), again.json::<Value>().await.unwrap()), (200, first));
    // Some of them again, with one that is new.
    let both = json!([{ "id": id }, { "id": Uuid::new_v4() }]);
    let answer = send(&ada, &activity, &[&file, &jpeg(61, 40)], &both).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(album(&ada, &activity).await.len(), 2);
    app.run_jobs().await;
    let blobs_before = blobs(&app);
    // Another file, another activity, or somebody else: the id is taken.
    refused(send(&ada, &activity, &[&jpeg(62, 40)], &named).await, 409).await;
    refused(send(&ada, &other, &[&file], &named).await, 409).await;
    let theirs = path_of(&eve.has_activity(&northward_gpx(8.5, 47.3, 30)).await);
    refused(send(&eve, &theirs, &[&file], &named).await, 409).await;
    let twice = json!([{ "id": id }, { "id": id }]);
    refused(send(&ada, &activity, &[&file, &file], &twice).await, 422).await;
    refused(send(&ada, &activity, &[&file], &json!({ "id": Uuid::nil() })).await, 422).await;
    // What was deleted does not come again.
    assert_eq!(ada.delete(&format!("/api/v1/photos/{id}")).await.status(), 204);
    refused(send(&ada, &activity, &[&file], &named).await, 410).await;
    app.run_jobs().await;
    assert_eq!(blobs(&app), blobs_before - 4 + 1, "Eve's file, and nothing of what was refused");
    let _ = before;
    // With a key the same holds.
    let keyed = async || {
        let form = Form::new().part("file", Part::bytes(jpeg(63, 40)));
        let request = ada.request(Method::POST, &format!("{activity}/photos"));
        let answer =
            request.header("Idempotency-Key", "walk-1").multipart(form).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap()["id"].clone())
    };
    let (status, first) = keyed().await;
    assert_eq!((status, keyed().await), (201, (200, first)));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_activity_go_its_photos() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let before = kept(&app).await;
    let id = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let activity = format!("/api/v1/activities/{id}");
    let drawn = has_photo(&ada, &activity, &jpeg(60, 40)).await;
    // One that is not drawn yet goes as well.
    let answer = send(&ada, &activity, &[&jpeg(61, 40)], &Value::Null).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(ada.delete(&activity).await.status(), 204);
    for caller in [&ada, &app.anyone()] {
        refused(caller.get(&path(&drawn)).await, 404).await;
    }
    app.advance(TimeDelta::hours(2));
    app.run_jobs().await;
    let after = kept(&app).await;
    let rows = |kept: &[(&str, i64)]| {
        let gone = kept.iter().filter(|(table, _)| !table.contains("_ids"));
        gone.map(|(table, rows)| format!("{table} {rows}")).collect::<Vec<_>>()
    };
    assert_eq!(rows(&after), rows(&before));
}

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::too_many_lines, reason = "the list is one")]
async fn what_is_no_fit_picture_is_refused_and_nothing_is_kept() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let activity = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 30)).await);
    let before = kept(&app).await;
    let whole = jpeg(600, 400);
    let sides = |width: u32, height: u32| {
        let head = [width.to_be_bytes(), height.to_be_bytes()].concat();
        let head = [head.as_slice(), &[1, 0, 0, 0, 0]].concat();
        let chunks = [
            crate::pictures::chunk(*b"IHDR", &head),
            crate::pictures::chunk(*b"IDAT", b"\x78\x9c\x03\0\0\0\0\x01"),
            crate::pictures::chunk(*b"IEND", b""),
        ];
        [b"\x89PNG\r\n\x1a\n".as_slice(), &chunks.concat()].concat()
    };
    // The sides of a JPEG file stand in its frame.
    let mut vast = whole.clone();
    let frame = vast.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    vast[frame + 5..frame + 9].copy_from_slice(&[0xEA, 0x60, 0xEA, 0x60]);
    let svg = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert('{CANARY}')\"/>");
    let html = format!("<!doctype html><script>{CANARY}</script>");
    let pdf_then_jpeg = [b"%PDF-1.7\n".as_slice(), &whole].concat();
    let scans = {
        let mut file = whole[..whole.len() - 2].to_vec();
        file.extend([0xFF, 0xDA, 0, 3, 1, 0].repeat(65_535));
        file.extend([0xFF, 0xD9]);
        file
    };
    for (what, file, status) in [
        ("empty", Vec::new(), 415),
        ("svg", svg.into_bytes(), 415),
        ("html", html.into_bytes(), 415),
        ("gif", b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(), 415),
        ("gpx", northward_gpx(8.5, 47.3, 3), 415),
        ("heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec(), 415),
        ("avif", b"\0\0\0\x18ftypavif\0\0\0\0mif1avif".to_vec(), 415),
        ("pdf with a picture behind", pdf_then_jpeg, 415),
        ("a cut jpeg", whole[..whole.len() / 2].to_vec(), 422),
        ("a jpeg without its last bytes", whole[..whole.len() - 2].to_vec(), 422),
        ("a head alone", whole[..20].to_vec(), 422),
        ("many scans", scans, 422),
        ("a vast jpeg", vast, 413),
        ("a vast png", sides(60_000, 60_000), 413),
        ("a png bomb", sides(40_000, 40_000), 413),
        ("a png without pixels", sides(60, 60), 422),
        ("a png without sides", sides(0, 60), 422),
        ("a broken png", fixture("photos/broken.png"), 422),
        ("a png with a broken stream", fixture("photos/broken_data_stream.png"), 422),
        ("a png with a cut end", fixture("photos/truncated_end_chunk.png"), 422),
        ("a png without its end", png(60, 40)[..png(60, 40).len() - 12].to_vec(), 422),
        ("a cut webp", fixture("photos/hopper_orientation_3.webp")[..2_000].to_vec(), 422),
        ("a webp head", b"RIFF\x04\0\0\0WEBP".to_vec(), 422),
        ("40 MiB and more", [whole.clone(), vec![0; 40 * 1024 * 1024]].concat(), 413),
    ] {
        // One that is fit beside it is not kept either.
        let answer = send(&ada, &activity, &[&whole, &file], &Value::Null).await;
        assert_eq!(answer.status().as_u16(), status, "{what}");
        let problem = refused(answer, status).await;
        assert!(!problem.to_string().contains(CANARY), "{what}");
        assert_eq!(kept(&app).await, before, "{what}");
    }
    let part = |name: &str, content: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
    };
    for (what, body, status) in [
        ("10,000 parts", part(CANARY, "").repeat(10_000) + "--b--", 400),
        ("10,000 files", part("file", "x").repeat(10_000) + "--b--", 400),
        ("21 files", part("file", "x").repeat(21) + "--b--", 400),
        ("nothing", part("metadata", "{}") + "--b--", 422),
        ("another part", part("photo", "x") + "--b--", 400),
        ("no end", part("file", "x"), 400),
        ("metadata that publishes", part("metadata", "{\"visibility\":1}") + "--b--", 422),
        (
            "more metadata than files",
            part("metadata", "[{},{}]") + &part("file", "x") + "--b--",
            422,
        ),
    ] {
        let request = ada.request(Method::POST, &format!("{activity}/photos"));
        let request = request.header("Content-Type", "multipart/form-data; boundary=b").body(body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{what}");
        refused(answer, status).await;
        assert_eq!(kept(&app).await, before, "{what}");
    }
    let request = ada.request(Method::POST, &format!("{activity}/photos"));
    refused(request.body("x").send().await.unwrap(), 415).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activity_has_so_many_photos_and_no_more() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let activity = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 30)).await);
    let tiny: Vec<Vec<u8>> = (0..20).map(|index| jpeg(8 + index, 8)).collect();
    let tiny: Vec<&[u8]> = tiny.iter().map(Vec::as_slice).collect();
    for _ in 0..10 {
        assert_eq!(send(&ada, &activity, &tiny, &Value::Null).await.status(), 201);
    }
    let before = kept(&app).await;
    let problem = refused(send(&ada, &activity, &tiny[..1], &Value::Null).await, 422).await;
    assert!(problem["detail"].as_str().unwrap().contains("200"), "{problem}");
    assert_eq!(kept(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_and_communities_have_a_picture_of_clean_pixels() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let picture = telling_jpeg(900, 600, &Said::default());
    let put = async |caller: &Caller<'_>, path: &str, file: &[u8]| {
        let request = caller.request(Method::PUT, path).header("Content-Type", "image/jpeg");
        request.body(file.to_vec()).send().await.unwrap()
    };
    refused(ada.get("/api/v1/me/picture").await, 404).await;
    assert_eq!(put(&ada, "/api/v1/me/picture", &picture).await.status(), 204);
    let own = ada.get("/api/v1/me/picture").await;
    assert_eq!(own.headers()["content-type"], "image/jpeg");
    let own = own.bytes().await.unwrap();
    assert_eq!((look(&own).0, count(&own, CANARY.as_bytes())), ((400, 267), 0));
    // Seen by whom the member is seen by.
    let of_ada = format!("/api/v1/members/{}/picture", ada.account_id);
    refused(eve.get(&of_ada).await, 404).await;
    ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    assert_eq!(eve.get(&of_ada).await.bytes().await.unwrap(), own);
    assert_eq!(ada.delete("/api/v1/me/picture").await.status(), 204);
    refused(eve.get(&of_ada).await, 404).await;
    refused(ada.delete("/api/v1/me/picture").await, 404).await;
    refused(put(&ada, "/api/v1/me/picture", b"<svg/>").await, 415).await;

    let body = json!({ "name": "Brook", "visibility": "private" });
    let community: Value = ada.post("/api/v1/communities", &body).await.json().await.unwrap();
    let path = format!("/api/v1/communities/{}/picture", community["id"].as_str().unwrap());
    assert_eq!(put(&ada, &path, &picture).await.status(), 204);
    assert_eq!(eve.get(&path).await.bytes().await.unwrap(), own);
    refused(app.anyone().get(&path).await, 404).await;
    refused(put(&eve, &path, &picture).await, 403).await;
    refused(eve.delete(&path).await, 403).await;
    assert_eq!(ada.delete(&path).await.status(), 204);
    refused(ada.get(&path).await, 404).await;
}
