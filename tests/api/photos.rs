//! Photos: kept as they came, drawn anew, and shown to whom their activity is shown.

use chrono::TimeDelta;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::activities::path_of;
use crate::bad_input::{blobs, kept, refused};
use crate::harness::{Caller, TestApp, fixture, northward_gpx};
use crate::photo_reach::count;
use crate::pictures::{CANARY, Said, jpeg, telling_jpeg, telling_png, telling_webp};

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
pub fn look(file: &[u8]) -> ((u64, u64), [u8; 3], [u8; 3]) {
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
