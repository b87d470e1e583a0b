//! Whom a photo reaches: those whom its activity reaches, and them with pixels alone.

use std::fmt::Write;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::activities::path_of;
use crate::bad_input::{blobs, refused};
use crate::harness::{Caller, TestApp, dump_data, northward_gpx};
use crate::photos::{SIZES, album, has_photo, path, send};
use crate::pictures::{CANARY, Said, jpeg, png, telling_jpeg, telling_png, telling_webp};

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

/// Headers and body of an answer, as they came. The time, a random name and a digest may hold any short word.
async fn whole(answer: Response) -> Vec<u8> {
    let mut whole = String::new();
    let is_chance = |name: &str| ["date", "etag", "x-request-id"].contains(&name);
    for (name, value) in answer.headers().iter().filter(|(name, _)| !is_chance(name.as_str())) {
        writeln!(whole, "{name}: {}", value.to_str().unwrap()).unwrap();
    }
    let mut whole = whole.into_bytes();
    whole.extend(answer.bytes().await.unwrap());
    whole
}

pub fn count(content: &[u8], word: &[u8]) -> usize {
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

/// A page elsewhere may show a picture of what is published, as it gets it: without credentials. What depends on who
/// asks, or on a link, it may not.
#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins_show_what_is_published_and_nothing_else() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let activity = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let photo = has_photo(&ada, &activity, &telling_jpeg(600, 400, &Said::default())).await;
    let sized = format!("{}/thumbnail.jpg", path(&photo));
    let revised = format!("{sized}?v={}", photo["revision"]);
    let preview = |format: &str| format!("{activity}/preview.{format}");
    let pictures = [preview("svg"), preview("png"), sized, revised];
    let embedding = async |caller: &Caller<'_>, way: &str, status: u16| {
        let answer = caller.get(way).await;
        assert_eq!(answer.status(), status, "{way}");
        answer.headers()["cross-origin-resource-policy"].to_str().unwrap().to_owned()
    };
    let everywhere = async |caller: &Caller<'_>, status: u16, expected: &str| {
        for way in &pictures {
            assert_eq!(embedding(caller, way, status).await, expected, "{way}");
        }
    };
    everywhere(&ada, 200, "same-origin").await;
    everywhere(&app.anyone(), 404, "same-origin").await;
    assert_eq!(ada.post(&format!("{activity}/publish"), &json!({})).await.status(), 200);
    everywhere(&app.anyone(), 200, "cross-origin").await;
    for caller in [&ada, &eve] {
        everywhere(caller, 200, "same-origin").await;
    }
    let tag = app.anyone().get(&pictures[1]).await.headers()["etag"].clone();
    let known = app.anyone().request(Method::GET, &pictures[1]).header("If-None-Match", tag);
    let unchanged = known.send().await.unwrap();
    assert_eq!(unchanged.status(), 304);
    assert_eq!(unchanged.headers()["cross-origin-resource-policy"], "cross-origin");
    for other in ["", "/track.gpx", "/track.geojson", "/profile", "/photos", "/reviews"] {
        let way = format!("{activity}{other}");
        assert_eq!(embedding(&app.anyone(), &way, 200).await, "same-origin", "{way}");
    }
    let link: Value =
        ada.post(&format!("{activity}/links"), &json!({})).await.json().await.unwrap();
    let shared = format!("/api/v1/shared/{}/preview.png", link["token"].as_str().unwrap());
    assert_eq!(embedding(&app.anyone(), &shared, 200).await, "same-origin");
    assert_eq!(ada.post(&format!("{activity}/unpublish"), &json!({})).await.status(), 200);
    everywhere(&app.anyone(), 404, "same-origin").await;
}
