//! What leaked from others of this kind, and which test here would notice.
//!
//! By the numbers of a list of 34 such leaks (B) and of the tests that they ask for (A, C, D, E).
//!
//! | leak | what leaked elsewhere | covered by |
//! | --- | --- | --- |
//! | B1-B3, A3 | nothing equals nothing: empty tokens, owners, communities | `null`, `access::tests` |
//! | B4, B6, A8 | lists and counts hold what is hidden | `matrix::a_list_holds…`, `a_search_finds…`, `null::a_page_is_as_full…`, `members`, [`hidden_activities_count_in_no_total`] |
//! | B5, A17 | requests at once get each other's session | [`requests_at_once_are_each_answered_to_who_asks`] |
//! | B7, B10 | federation | there is none |
//! | B8, A12 | fields of ownership can be written | [`nobody_writes_whose_or_how_wide_something_is`] |
//! | B9, A22 | the server fetches what a client names | nothing is fetched: `promise_ot_2_1…` |
//! | B11, B21, B32 | pictures, their metadata and addresses | there are no photos yet; original files: `matrix` (owners only) |
//! | B12 | scripts in texts | `links::the_page_tells_no_more…` |
//! | B13, B20, A5 | a hidden map, and places in another field | `choices::a_hidden_map_tells_no_place`, [`a_hidden_map_leaves_no_number_that_is_near`] |
//! | B14, B29, A7 | what was taken back goes on at another address | `matrix` (withdrawn), `races`, `sharing::what_is_taken_back…` |
//! | B15, A1 | hidden and absent differ | `matrix::each_gets…`, with HEAD, OPTIONS, conditions and ranges |
//! | B16, B23, A21 | archives and files made to do harm | `hostile`, `bad_input` |
//! | B17, A13-A16 | attaching to what one does not see; comments | there are none yet |
//! | B18, A2 | children do not ask for their parent | `matrix`: every route has a row |
//! | B19 | what is for some is for all who are signed in | `matrix` (stranger, former member) |
//! | B22, B31, A10 | zones drawn by the client, centres found | `tests/attack`, `zones`, `interference` |
//! | B24 | social login | there is none yet |
//! | B25 | guessing without end | `auth`, `links::guessing_the_password…`; there is no second factor yet |
//! | B26, A47 | secrets and places in logs | `logs` |
//! | B27 | what one has keeps another from having the same | [`two_members_keep_the_same_file`] |
//! | B28 | points in the order of their times | times count from 0: `track::cut` |
//! | B30 | what is hidden in heat maps | there are none yet; zones hold for everything: `interference` |
//! | B33 | an edit widens what a share left out | `choices`: each is set on its own, `links` have none |
//! | B34 | a database in the repository | `.gitignore`, [`no_data_lies_in_the_repository`] |
//! | A4 | a token opens another thing | `links::a_link_opens_its_own…`, [`answers_for_some_are_kept_by_nobody`] |
//! | A6 | a hidden time in ids, order, headers | `words::only_random_ids…`, `sharing::no_public_answer…`, [`what_others_see_is_named_at_random`] |
//! | A9 | asking near by finds what is hidden | [`nothing_is_found_near_what_is_hidden`] |
//! | D27 | a name that was let go is taken by another | `rectify::a_name_that_was_let_go…`, `nobody_takes_a_name…` |
//! | E39 | what is restricted is found, counted, purged | `restriction` |
//! | A11 | copies elsewhere | there is no federation and no export yet |
//! | C20 | files for others say more than the line | [`files_for_others_say_nothing_that_the_device_wrote`] |

use futures_util::StreamExt;
use futures_util::stream;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::activities::path_of;
use crate::communities::{community, joins, json_of, put};
use crate::harness::{TestApp, northward_gpx};
use crate::heard::Heard;
use crate::logs::without_chance;
use crate::sharing::{CHILDREN, straight_walk};

/// How far from where it was nothing may be told, in degrees: about a kilometre.
const NEAR_DEGREES: f64 = 0.009;

/// Wherever it is asked for: no two numbers that stand together are a place on its way.
#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_map_leaves_no_number_that_is_near() {
    let app = TestApp::start().await;
    let (ada, mia) = (app.member("Ada").await, app.member("Mia").await);
    let brook = community(&ada, "Brook", "private").await;
    joins(&mia, &brook, &ada, "member").await;
    let path = format!("/api/v1/activities/{}", ada.has_published(&straight_walk()).await);
    let link: Value = ada.post(&format!("{path}/links"), &json!({})).await.json().await.unwrap();
    let token = link["token"].as_str().unwrap();
    let of_brook = brook.rsplit('/').next().unwrap();
    assert_eq!(put(&ada, &format!("{path}/communities/{of_brook}")).await.status(), 200);
    let mut addresses = vec![format!("/s/{token}"), format!("{brook}/activities")];
    addresses.extend(
        ["", "/activities"].map(|child| format!("/api/v1/members/{}{child}", ada.account_id)),
    );
    for child in CHILDREN {
        addresses.extend([format!("{path}{child}"), format!("/api/v1/shared/{token}{child}")]);
    }
    let all = async || {
        let mut all = String::new();
        for address in &addresses {
            all += &Heard::of(mia.request(Method::GET, address)).await.text();
            all.push('\n');
        }
        all
    };
    assert!(tells_a_place(&all().await), "the search finds what is there");
    let choices = json!({ "choices": { "map": false, "hour": true, "heart_rate": true } });
    assert_eq!(ada.patch(&path, &choices).await.status(), 200);
    let hidden = all().await;
    assert!(hidden.contains("distance_m") && !tells_a_place(&hidden), "{hidden}");
    assert_eq!(json_of(&mia, &path).await["waypoints"], json!([]));
}

/// Whether a text holds a latitude or a longitude of the walk, as degrees or in 1e-7 of them.
fn tells_a_place(text: &str) -> bool {
    let text = without_chance(text);
    let numbers = text.split(|char: char| !char.is_ascii_digit() && char != '.' && char != '-');
    let mut numbers =
        numbers.filter(|word| word.len() >= 5).filter_map(|word| word.parse::<f64>().ok());
    numbers.any(|number| {
        [number, number / 1e7].into_iter().any(|degrees| {
            (8.5 - degrees).abs() < NEAR_DEGREES
                || (-NEAR_DEGREES..0.027 + NEAR_DEGREES).contains(&(degrees - 47.3))
        })
    })
}

/// The line before may have begun at home, and so may its start.
#[tokio::test(flavor = "multi_thread")]
async fn when_a_line_began_that_is_no_more_is_not_told() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let timed = String::from_utf8(northward_gpx(8.5, 47.3, 300)).unwrap();
    let timeless: String = timed
        .split("<time>")
        .map(|part| part.split_once("</time>").map_or(part, |(_, rest)| rest))
        .collect();
    let half = timed.find("<trkpt lat=\"47.3026").unwrap();
    let timeless_from_there: String =
        [&timed[..half], &timeless[timeless.find("<trkpt lat=\"47.3026").unwrap()..]].concat();
    let path = format!("/api/v1/activities/{}", ada.has_published(timed.as_bytes()).await);
    let hour = json!({ "choices": { "hour": true } });
    assert_eq!(ada.patch(&path, &hour).await.status(), 200);
    let when = async || {
        let seen = json_of(&app.anyone(), &path).await;
        (seen["day"].clone(), seen.get("hour").cloned())
    };
    assert_eq!(when().await, (json!("2026-05-30"), Some(json!("2026-05-30T07:00:00Z"))));
    let draw = async |file: &str| {
        let file = reqwest::multipart::Part::bytes(file.as_bytes().to_vec()).file_name("track.gpx");
        let form = reqwest::multipart::Form::new().part("file", file);
        let request = ada.request(Method::PUT, &format!("{path}/track")).multipart(form);
        assert_eq!(Heard::of(request).await.status, 200);
    };
    draw(&timeless).await;
    assert_eq!(when().await, (Value::Null, None), "of a line without times");
    // Nor what the end had, which is cut off for good then.
    draw(&timeless_from_there).await;
    assert_eq!(when().await, (Value::Null, None), "of a line with times where it is hidden");
    let crop = json!({ "from_index": 40, "to_index": 299 });
    assert_eq!(ada.post(&format!("{path}/crop"), &crop).await.status(), 200);
    assert_eq!(when().await, (Value::Null, None), "of what is left of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_at_once_are_each_answered_to_who_asks() {
    let app = TestApp::start().await;
    let mut members = Vec::new();
    for name in ["Ada", "Bob", "Cleo", "Dan", "Eve", "Fay", "Gil", "Hal"] {
        let member = app.member(name).await;
        let own = path_of(&member.has_activity(&northward_gpx(8.5, 47.3, 50)).await);
        members.push((member, own));
    }
    let ask = async |index: usize| {
        let (member, own) = &members[index % 8];
        let (other, _) = &members[(index + 1) % 8];
        let me = json_of(member, "/api/v1/me").await;
        assert_eq!(
            (&me["account_id"], &me["email"]),
            (&json!(member.account_id), &json!(member.email))
        );
        let list = json_of(member, "/api/v1/me/activities").await;
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        assert_eq!(json_of(member, own).await["visibility"], "private");
        assert_eq!(other.get(own).await.status(), 404);
    };
    // More at once than there are connections to the database.
    stream::iter((0..160).map(ask)).buffer_unordered(24).collect::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_whose_or_how_wide_something_is() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let before = json_of(&ada, &path).await;
    for (field, value) in [
        ("id", json!(Uuid::new_v4())),
        ("account_id", json!(eve.account_id)),
        ("owner", json!(eve.account_id)),
        ("author", json!({ "id": eve.account_id })),
        ("author_id", Value::Null),
        ("visibility", json!("published")),
        ("sharing", json!({ "published": true })),
        ("community", json!(Uuid::new_v4())),
        ("version", json!(7)),
        ("created_at", json!("2020-01-01T00:00:00Z")),
        ("statistics", json!({ "distance_m": 1 })),
    ] {
        let edit = json!({ "title": "Mine", field: value });
        assert_eq!(ada.patch(&path, &edit).await.status(), 422, "{field}");
        let metadata = json!({ field: value });
        let upload = ada.upload(&northward_gpx(8.5, 47.3, 300), &metadata).await;
        assert_eq!(upload.status(), 422, "{field}");
    }
    assert_eq!(json_of(&ada, &path).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_members_keep_the_same_file() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let file = northward_gpx(8.5, 47.3, 300);
    let (one, other) = (ada.has_activity(&file).await, eve.has_activity(&file).await);
    assert_ne!(one["id"], other["id"]);
    assert_eq!(ada.delete(&path_of(&one)).await.status(), 204);
    let original = eve.get(&format!("{}/original", path_of(&other))).await;
    assert_eq!(original.bytes().await.unwrap(), file);
}

/// What is for some of them is kept by nobody on the way, and neither is what came by a link.
#[tokio::test(flavor = "multi_thread")]
async fn answers_for_some_are_kept_by_nobody() {
    let app = TestApp::start().await;
    let (ada, mia) = (app.member("Ada").await, app.member("Mia").await);
    let brook = community(&ada, "Brook", "private").await;
    joins(&mia, &brook, &ada, "member").await;
    let path = crate::communities::shares(&ada, &brook).await;
    let link: Value = ada.post(&format!("{path}/links"), &json!({})).await.json().await.unwrap();
    let token = link["token"].as_str().unwrap();
    for is_published in [false, true] {
        if is_published {
            assert_eq!(ada.post(&format!("{path}/publish"), &json!({})).await.status(), 200);
        }
        for child in CHILDREN {
            let by_id = Heard::of(mia.request(Method::GET, &format!("{path}{child}"))).await;
            let expected = if is_published { "public, no-cache" } else { "private, no-store" };
            assert_eq!(
                (by_id.status, by_id.header("cache-control")),
                (200, Some(expected)),
                "{child}"
            );
            assert_eq!(by_id.header("vary"), Some("Authorization"));
            let by_link =
                Heard::of(mia.request(Method::GET, &format!("/api/v1/shared/{token}{child}")))
                    .await;
            assert_eq!(by_link.header("cache-control"), Some("private, no-store"), "{child}");
            assert_eq!(by_link.header("referrer-policy"), Some("no-referrer"));
            assert!(!by_link.text().contains(token), "{child}");
        }
    }
    // Nobody but its owner is told a link or that there is one.
    let told = Heard::of(mia.request(Method::GET, &path)).await.text();
    assert!(
        !told.contains(token)
            && !told.contains(link["id"].as_str().unwrap())
            && !told.contains("link"),
        "{told}"
    );
    // And it opens no other activity by standing in the place of an id.
    assert_eq!(mia.get(&format!("/api/v1/activities/{token}")).await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_see_is_named_at_random() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let id = ada.has_published(&straight_walk()).await;
    let seen = json_of(&app.anyone(), &format!("/api/v1/activities/{id}")).await;
    let brook = community(&ada, "Brook", "public").await;
    for id in [&id, seen["author"]["id"].as_str().unwrap(), brook.rsplit('/').next().unwrap()] {
        assert_eq!(Uuid::parse_str(id).unwrap().get_version_num(), 4, "{id}");
    }
    for child in CHILDREN {
        let heard = Heard::of(
            app.anyone().request(Method::GET, &format!("/api/v1/activities/{id}{child}")),
        )
        .await;
        for header in ["last-modified", "age", "expires", "server", "x-powered-by"] {
            assert_eq!(heard.header(header), None, "{child}");
        }
        let name = heard.header("content-disposition").unwrap_or_default();
        assert!(name.is_empty() || name.contains(&id), "{name}");
        assert!(!name.contains("track.gpx\"") || !name.contains("2026"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_activities_count_in_no_total() {
    let app = TestApp::start().await;
    let (ada, mia) = (app.member("Ada").await, app.member("Mia").await);
    let brook = community(&ada, "Brook", "private").await;
    joins(&mia, &brook, &ada, "member").await;
    ada.has_published(&straight_walk()).await;
    let page = format!("/api/v1/members/{}", ada.account_id);
    let before = [json_of(&app.anyone(), &page).await, json_of(&mia, &page).await];
    assert_eq!(before[0]["statistics"]["activities"], 1);
    ada.has_activity(&straight_walk()).await;
    let linked = path_of(&ada.has_activity(&straight_walk()).await);
    assert_eq!(ada.post(&format!("{linked}/links"), &json!({})).await.status(), 201);
    crate::communities::shares(&ada, &brook).await;
    let back = ada.has_published(&straight_walk()).await;
    assert_eq!(
        ada.post(&format!("/api/v1/activities/{back}/unpublish"), &json!({})).await.status(),
        200
    );
    assert_eq!([json_of(&app.anyone(), &page).await, json_of(&mia, &page).await], before);
}

/// Asking round a hidden place finds what is visible, and measures to that.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_found_near_what_is_hidden() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = format!("/api/v1/activities/{}", ada.has_published(&straight_walk()).await);
    let line = json_of(&app.anyone(), &format!("{path}/track.geojson")).await;
    let start = &line["features"][0]["geometry"]["coordinates"][0];
    let start = if start[0].is_array() { &start[0] } else { start };
    let [lon, lat] = [0, 1].map(|index| start[index].as_f64().unwrap());
    for (north, east) in (-3..=3).flat_map(|north| (-3..=3).map(move |east| (north, east))) {
        let position = [8.5 + f64::from(east) * 0.0006, 47.3 + f64::from(north) * 0.000_4];
        let ask = async |radius_m: f64| {
            let nearby = json!({ "position": position, "radius_m": radius_m });
            let answer = app.anyone().post("/api/v1/explore/nearby", &nearby).await;
            answer.json::<Value>().await.unwrap()["items"].clone()
        };
        let found = ask(20_000.0).await;
        let told_m = found[0]["distance_m"].as_f64().unwrap();
        let away_m = ((position[1] - lat) * 111_195.0)
            .hypot((position[0] - lon) * 111_195.0 * lat.to_radians().cos());
        assert!((told_m - away_m).abs() < 1.0, "{told_m} {away_m}");
        assert_eq!(ask((told_m - 1.0).max(1.0)).await, json!([]), "{position:?}");
    }
}

/// Who made it, with what, where else it is to be found, and what sensors measured stays with its owner.
#[tokio::test(flavor = "multi_thread")]
async fn files_for_others_say_nothing_that_the_device_wrote() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let gpx = String::from_utf8(straight_walk()).unwrap();
    let metadata = "<metadata><name>Xanadu-a</name><desc>Xanadu-b</desc><author><name>Xanadu-c</name><email id=\"xanadu-d\" domain=\"example.org\"/><link href=\"https://xanadu-e.example\"/></author><copyright author=\"Xanadu-f\"/><link href=\"https://xanadu-g.example\"><text>Xanadu-h</text></link><time>2026-05-29T21:17:53Z</time><keywords>Xanadu-i</keywords><extensions><serial>Xanadu-j</serial></extensions></metadata><wpt";
    let track = "<trk><name>Xanadu-k</name><cmt>Xanadu-l</cmt><desc>Xanadu-m</desc><src>Xanadu-n</src><link href=\"https://xanadu-o.example\"/><number>7</number><extensions><device>Xanadu-p</device></extensions>";
    let gpx = gpx
        .replacen("creator=\"test\"", "creator=\"Xanadu-q\"", 1)
        .replacen("<wpt", metadata, 1)
        .replacen("<trk>", track, 1);
    let gpx = gpx.replace(
        "Spring</name>",
        "Spring</name><cmt>Xanadu-r</cmt><desc>Xanadu-s</desc><sym>Xanadu-t</sym>",
    );
    let path = format!("/api/v1/activities/{}", ada.has_published(gpx.as_bytes()).await);
    let link: Value = ada.post(&format!("{path}/links"), &json!({})).await.json().await.unwrap();
    let token = link["token"].as_str().unwrap();
    for child in CHILDREN {
        for address in [format!("{path}{child}"), format!("/api/v1/shared/{token}{child}")] {
            let heard = Heard::of(app.anyone().request(Method::GET, &address)).await;
            assert_eq!(heard.status, 200);
            let all = format!("{:?} {}", heard.headers, heard.text()).to_lowercase();
            let is_packed = heard.header("content-type") == Some("image/png");
            for word in [
                "xanadu",
                "spring",
                "21:17",
                "2026-05-29",
                "serial",
                "<email",
                "<extensions",
                "hr>",
                "creator=\"test",
            ] {
                let is_chance = is_packed && word.len() < 5;
                assert!(is_chance || !all.contains(word), "{address}: {word}");
            }
        }
    }
    let page = Heard::of(app.anyone().request(Method::GET, &format!("/s/{token}"))).await.text();
    assert!(!page.to_lowercase().contains("xanadu"), "{page}");
    assert!(ada.get(&format!("{path}/original")).await.text().await.unwrap().contains("Xanadu-j"));
}

/// What a development server stores is not committed by accident.
#[test]
fn no_data_lies_in_the_repository() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/.gitignore");
    let ignored = std::fs::read_to_string(root).unwrap();
    for folder in ["data", "target"] {
        assert!(ignored.lines().any(|line| line.trim_matches('/') == folder), "{folder}");
    }
}
