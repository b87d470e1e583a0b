//! What is published, found by box, words and kind; and near a position by its line and in communities.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::bad_input::refused;
use crate::harness::{Caller, TestApp, dump_data, gpx_through, northward_gpx};

async fn published(ada: &Caller<'_>, lon: f64, points: usize, words: Value) -> String {
    let own: Value =
        ada.upload(&northward_gpx(lon, 47.3, points), &words).await.json().await.unwrap();
    let id = own["id"].as_str().unwrap().to_owned();
    let answer = ada.post(&format!("/api/v1/activities/{id}/publish"), &json!({})).await;
    assert_eq!(answer.status(), 200);
    id
}

async fn search(caller: &Caller<'_>, query: &str) -> Value {
    let answer = caller.get(&format!("/api/v1/explore/search?{query}")).await;
    assert_eq!(answer.status(), 200, "{query}");
    assert_eq!(answer.headers()["cache-control"], "private, no-store");
    answer.json().await.unwrap()
}

fn ids(found: &Value) -> Vec<&str> {
    let id = |item: &Value| {
        item["id"].as_str().or(item["activity"]["id"].as_str()).map(ToOwned::to_owned)
    };
    assert!(found["items"].as_array().unwrap().iter().all(|item| id(item).is_some()));
    let items = found["items"].as_array().unwrap().iter();
    items.map(|item| item["id"].as_str().or(item["activity"]["id"].as_str()).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_in_both_languages_without_accents_and_misspelt() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let ridge = json!({ "title": "Ridges above the lakes", "description": "Mostly forest roads." });
    let ridge = published(&ada, 8.5, 300, ridge).await;
    let stream =
        json!({ "title": "Le long des ruisseaux", "description": "Montée à travers la forêt" });
    let stream = published(&ada, 8.6, 301, stream).await;
    let hidden = json!({ "title": "Ridges nobody sees" });
    assert_eq!(ada.upload(&northward_gpx(8.5, 47.3, 302), &hidden).await.status(), 201);
    for (query, expected) in [
        ("q=ridge", vec![&ridge]),
        ("q=LAKE%20ridge", vec![&ridge]),
        ("q=ruisseau", vec![&stream]),
        ("q=montee", vec![&stream]),
        ("q=for%C3%AAt", vec![&stream]),
        ("q=ridge%20or%20ruisseau", vec![&stream, &ridge]),
        ("q=ridge%20-lakes", vec![]),
        ("q=nothing", vec![]),
    ] {
        let found = search(&app.anyone(), query).await;
        let mut expected: Vec<&str> = expected.into_iter().map(String::as_str).collect();
        let mut seen = ids(&found);
        expected.sort_unstable();
        seen.sort_unstable();
        assert_eq!(seen, expected, "{query}");
        assert_eq!(found["spelt_alike"], false, "{query}");
    }
    let found = search(&app.anyone(), "q=ruissseaux").await;
    assert_eq!((ids(&found), &found["spelt_alike"]), (vec![stream.as_str()], &json!(true)));
    // French names of places are written with hyphens: each of their words may be misspelt.
    let place = json!({ "title": "Au-dessus de Chamonix-Mont-Blanc" });
    let place = published(&ada, 8.7, 303, place).await;
    let found = search(&app.anyone(), "q=Chamonyx-Mont-Blanc").await;
    assert_eq!((ids(&found), &found["spelt_alike"]), (vec![place.as_str()], &json!(true)));
    // What is taken back is not found by its words either.
    let unpublish = format!("/api/v1/activities/{ridge}/unpublish");
    assert_eq!(ada.post(&unpublish, &json!({})).await.status(), 200);
    assert!(ids(&search(&app.anyone(), "q=ridge").await).is_empty());
}

/// One short word, a common one or one that stands in the description alone does not hide what another is spelt like.
#[tokio::test(flavor = "multi_thread")]
async fn a_misspelt_word_is_found_beside_others() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let words = json!({ "title": "Tour du lac d'Annecy", "description": "Past Duingt castle" });
    let lake = published(&ada, 8.5, 300, words).await;
    published(&ada, 8.6, 301, json!({ "title": "Tour du mont", "description": "10 km" })).await;
    for (query, is_found) in [
        ("tour du lac d'Anecy", true),
        ("10 km anecy", true),
        ("the anecy", true),
        ("anecy castle", true),
        ("aneci castles -bridges", true),
        ("anecy zermatt", false),
        ("le la 11", false),
        ("le -mont", false),
        ("anecy -castles", false),
        ("\"lac anecy\"", false),
        ("anecy or zermat", false),
    ] {
        let found = search(&app.anyone(), &format!("q={query}")).await;
        let expected = if is_found { vec![lake.as_str()] } else { vec![] };
        assert_eq!((ids(&found), &found["spelt_alike"]), (expected, &json!(is_found)), "{query}");
    }
}

/// What one language keeps out, no other lets in again.
#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_is_left_out_is_left_out_in_every_language() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let bridges = json!({ "title": "Lake and bridges", "description": "Over the hill" });
    let bridges = published(&ada, 8.5, 300, bridges).await;
    let snow = json!({ "title": "Lac des neiges", "description": "Entre deux villages" });
    let snow = published(&ada, 8.6, 301, snow).await;
    let plain = published(&ada, 8.7, 302, json!({ "title": "Lake, lac: Mont-Blanc" })).await;
    for (query, expected) in [
        ("lake", vec![&bridges, &plain]),
        ("lake -bridge", vec![&plain]),
        ("lake -bridges", vec![&plain]),
        ("lake -the", vec![&plain]),
        ("-hills lake", vec![&plain]),
        ("lake -\"lake lac\"", vec![&bridges]),
        ("lac -neige", vec![&plain]),
        ("lac -villages", vec![&plain]),
        ("lac --village", vec![&plain]),
        ("lac -bridge -neige -blanc", vec![]),
        ("bridge or neige -village", vec![&bridges]),
        ("laake", vec![&bridges, &plain]),
        ("laake -bridge", vec![&plain]),
        ("laake -village -mont", vec![&bridges]),
        // A dash between words leaves nothing out.
        ("lac - neiges", vec![&snow]),
        ("Mont-Blanc -neiges", vec![&plain]),
    ] {
        let found = search(&app.anyone(), &format!("q={query}")).await;
        let (mut found, mut expected) = (ids(&found), expected);
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_that_holds_nothing_is_refused_by_name() {
    let app = TestApp::start().await;
    let anyone = app.anyone();
    for (query, field) in [
        ("ascent_max_m=NaN", "ascent_max_m"),
        ("ascent_min_m=-inf", "ascent_min_m"),
        ("distance_max_m=inf", "distance_max_m"),
        ("moving_min_s=1e999", "moving_min_s"),
        ("distance_min_m=5&distance_max_m=4.9", "distance_max_m"),
        ("rating_min=4&rating_max=3", "rating_max"),
        ("from=2026-06-02&to=2026-06-01", "to"),
        ("from=%2B12026-01-01", "from"),
    ] {
        let answer = anyone.get(&format!("/api/v1/explore/search?{query}")).await;
        assert_eq!(refused(answer, 422).await["errors"][0]["field"], field, "{query}");
    }
    for (field, least, most) in [
        ("distance_m", json!(5), json!(4)),
        ("ascent_m", json!(0), json!(-1)),
        ("moving_s", json!(10.5), json!(10)),
        ("rating", json!(5), json!(1)),
        ("day", json!("2026-06-02"), json!("2026-06-01")),
    ] {
        let range = json!({ "min": least, "max": most });
        let question = json!({ "position": [8.5, 47.3], field: range });
        let answer = anyone.post("/api/v1/explore/nearby", &question).await;
        assert_eq!(refused(answer, 422).await["errors"][0]["field"], field, "{question}");
    }
    for whole in ["distance_min_m=5&distance_max_m=5", "from=2026-06-01&to=2026-06-01"] {
        assert!(ids(&search(&anyone, whole).await).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_of_no_width_finds_what_touches_it() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let way = ada.has_published(&gpx_through(&[(8.48, 47.3), (8.52, 47.34)])).await;
    for (bbox, is_found) in [
        ("8.5,47,8.5,48", true),
        ("8,47.32,9,47.32", true),
        ("8.6,47,8.6,48", false),
        ("8.49,47.335,8.505,47.335", false),
        ("8.5,47.3,8.5,47.3", false),
        // All that is east of it and west of it.
        ("8.5,47,8.4,48", true),
    ] {
        for path in ["/api/v1/explore/search", "/ogc/collections/activities/items"] {
            let found: Value =
                app.anyone().get(&format!("{path}?bbox={bbox}")).await.json().await.unwrap();
            let found = found["items"].as_array().or(found["features"].as_array()).unwrap();
            let found: Vec<&Value> = found.iter().map(|item| &item["id"]).collect();
            let expected = if is_found { vec![way.as_str()] } else { vec![] };
            assert_eq!(found, expected, "{path} {bbox}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_filters_and_orders_choose_page_by_page() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let short = published(&ada, 8.5, 200, json!({ "sport": "running" })).await;
    let long = published(&ada, 8.5, 900, json!({ "sport": "cycling" })).await;
    let east = published(&ada, 9.5, 400, json!({ "sport": "running" })).await;
    for (query, expected) in [
        ("sort=longest", vec![&long, &east, &short]),
        ("sort=shortest", vec![&short, &east, &long]),
        ("sort=longest_time", vec![&long, &east, &short]),
        ("bbox=8.4,47.2,8.6,47.5&sort=shortest", vec![&short, &long]),
        ("bbox=9,47,-9,48", vec![&east]),
        ("bbox=8.4,47.36,8.6,47.5", vec![&long]),
        ("sport=cycling", vec![&long]),
        ("kind=planned", vec![]),
        ("distance_min_m=3000&distance_max_m=5000", vec![&east]),
        ("moving_max_s=700", vec![&short]),
        ("from=2026-05-30&to=2026-05-30&sort=longest", vec![&long, &east, &short]),
        ("from=2026-05-31", vec![]),
    ] {
        assert_eq!(ids(&search(&app.anyone(), query).await), expected, "{query}");
    }
    for sort in ["newest", "longest", "shortest", "steepest", "longest_time", "best_rated"] {
        let all = search(&app.anyone(), &format!("sort={sort}")).await;
        let mut paged = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = search(&app.anyone(), &format!("sort={sort}&limit=1{cursor}")).await;
            paged.extend(ids(&page).into_iter().map(ToOwned::to_owned));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, ids(&all), "{sort}");
    }
}

/// What is hidden changes no count.
#[tokio::test(flavor = "multi_thread")]
async fn facets_count_what_is_found_and_nothing_else() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    published(&ada, 8.5, 200, json!({ "sport": "running" })).await;
    published(&ada, 8.5, 300, json!({ "sport": "running" })).await;
    published(&eve, 8.5, 400, json!({ "sport": "cycling" })).await;
    ada.upload(&northward_gpx(8.5, 47.3, 500), &json!({ "sport": "running" })).await;
    let expected = json!({
        "items": [
            { "sport": "running", "kind": "recorded", "count": 2 },
            { "sport": "cycling", "kind": "recorded", "count": 1 },
        ],
        "more": false,
    });
    for caller in [&app.anyone(), &ada] {
        assert_eq!(search(caller, "facets=true&limit=1").await["facets"], expected);
    }
    let block = format!("/api/v1/me/blocks/{}", eve.account_id);
    let answer = ada.request(reqwest::Method::PUT, &block).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    let found = search(&ada, "facets=true").await;
    assert_eq!(found["facets"]["items"].as_array().unwrap().len(), 1);
    assert_eq!(ids(&found).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_past_a_limit_says_which() {
    let app = TestApp::start().await;
    let long = "a".repeat(201);
    for (query, status) in [
        (format!("q={long}"), 422),
        ("q=%00".to_owned(), 422),
        ("bbox=1,2,3".to_owned(), 422),
        ("sort=relevance".to_owned(), 422),
        ("sort=best".to_owned(), 422),
        ("sport=dancing".to_owned(), 422),
        ("limit=101".to_owned(), 422),
        ("cursor=nonsense".to_owned(), 422),
        ("from=%2B12026-01-01".to_owned(), 422),
        ("from=yesterday".to_owned(), 400),
        ("owner=me".to_owned(), 400),
    ] {
        refused(app.anyone().get(&format!("/api/v1/explore/search?{query}")).await, status).await;
    }
}

async fn nearby(caller: &Caller<'_>, question: Value) -> Value {
    let answer = caller.post("/api/v1/explore/nearby", &question).await;
    assert_eq!(answer.status(), 200, "{question}");
    answer.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn distances_are_to_the_start_or_to_the_line() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let long = published(&ada, 8.5, 900, json!({})).await;
    let short = published(&ada, 8.52, 300, json!({})).await;
    // Half way up the long one.
    let here = json!([8.501, 47.34]);
    let by_start = nearby(&app.anyone(), json!({ "position": here, "radius_m": 20_000 })).await;
    assert_eq!(ids(&by_start).len(), 2);
    let question = json!({ "position": here, "radius_m": 1_000, "to": "line" });
    let by_line = nearby(&app.anyone(), question).await;
    assert_eq!(ids(&by_line), [long.as_str()]);
    let away_m = by_line["items"][0]["distance_m"].as_f64().unwrap();
    assert!((50.0..100.0).contains(&away_m), "{away_m}");
    let wide = json!({ "position": here, "radius_m": 20_000, "to": "line", "limit": 1 });
    let first = nearby(&app.anyone(), wide.clone()).await;
    let mut next = wide;
    next["cursor"] = first["next_cursor"].clone();
    assert_eq!(ids(&nearby(&app.anyone(), next).await), [short.as_str()]);
    for question in [
        json!({ "position": here, "to": "door" }),
        json!({ "position": here, "day": { "min": "+12026-01-01" } }),
    ] {
        refused(app.anyone().post("/api/v1/explore/nearby", &question).await, 422).await;
    }
    let timed = json!({ "position": here, "radius_m": 20_000, "moving_s": { "max": 1_000 } });
    assert_eq!(ids(&nearby(&app.anyone(), timed).await), [short.as_str()]);
    let later = json!({ "position": here, "radius_m": 20_000, "day": { "min": "2026-05-31" } });
    assert!(ids(&nearby(&app.anyone(), later).await).is_empty());
}

/// Members find what their communities share; nobody else does, and they no longer once they leave.
#[tokio::test(flavor = "multi_thread")]
async fn members_find_what_their_communities_share() {
    let app = TestApp::start().await;
    let (ada, ben, eve) =
        (app.member("Ada").await, app.member("Ben").await, app.member("Eve").await);
    let made = json!({ "name": "Runners", "visibility": "public" });
    let made: Value = ada.post("/api/v1/communities", &made).await.json().await.unwrap();
    let community = format!("/api/v1/communities/{}", made["id"].as_str().unwrap());
    assert_eq!(ben.post(&format!("{community}/requests"), &json!({})).await.status(), 200);
    let shared =
        ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await["id"].as_str().unwrap().to_owned();
    let share = format!("/api/v1/activities/{shared}/communities/{}", made["id"].as_str().unwrap());
    let answer = ada.request(reqwest::Method::PUT, &share).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    for to in ["start", "line"] {
        let question = json!({ "position": [8.5, 47.3], "radius_m": 20_000, "to": to });
        for (caller, finds) in [(&ada, 1), (&ben, 1), (&eve, 0), (&app.anyone(), 0)] {
            assert_eq!(ids(&nearby(caller, question.clone()).await).len(), finds, "{to}");
        }
        // Published as well, it is found once.
        let publish = format!("/api/v1/activities/{shared}/publish");
        assert_eq!(ada.post(&publish, &json!({})).await.status(), 200);
        for caller in [&ada, &ben, &eve] {
            assert_eq!(ids(&nearby(caller, question.clone()).await), [shared.as_str()]);
        }
        let unpublish = format!("/api/v1/activities/{shared}/unpublish");
        assert_eq!(ada.post(&unpublish, &json!({})).await.status(), 200);
    }
    let leave = format!("{community}/members/{}", ben.account_id);
    assert_eq!(ben.delete(&leave).await.status(), 204);
    let question = json!({ "position": [8.5, 47.3], "radius_m": 20_000 });
    assert!(ids(&nearby(&ben, question.clone()).await).is_empty());
    let block = format!("/api/v1/me/blocks/{}", eve.account_id);
    assert_eq!(ada.request(reqwest::Method::PUT, &block).send().await.unwrap().status(), 204);
    assert_eq!(eve.post(&format!("{community}/requests"), &json!({})).await.status(), 200);
    assert!(ids(&nearby(&eve, question).await).is_empty());
}

/// What nobody shows any more is spelt like nothing, and leaves no word.
#[tokio::test(flavor = "multi_thread")]
async fn a_word_of_a_title_goes_with_the_last_title_that_has_it() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let found = async || ids(&search(&app.anyone(), "q=quokkkas").await).len();
    let first = published(&ada, 8.5, 300, json!({ "title": "Among quokkas" })).await;
    let second = published(&ada, 8.6, 300, json!({ "title": "Quokkas again" })).await;
    assert_eq!(found().await, 2);
    let take_back = async |id: &str| {
        let answer = ada.post(&format!("/api/v1/activities/{id}/unpublish"), &json!({})).await;
        assert_eq!(answer.status(), 200);
    };
    take_back(&first).await;
    assert_eq!(found().await, 1);
    app.run_jobs().await;
    assert_eq!(found().await, 1);
    assert!(dump_data(&app).contains("quokkas"));
    take_back(&second).await;
    assert_eq!(found().await, 0);
    app.advance(TimeDelta::minutes(10));
    app.run_jobs().await;
    assert!(!dump_data(&app).contains("quokka"));
}

/// What is looked for step by step is found in one order, whatever lies between.
#[tokio::test(flavor = "multi_thread")]
async fn what_lies_far_back_is_found_after_what_is_new() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let mut expected = Vec::new();
    // The second is the last day of the first step, 15 days before today; the third is that of the second page.
    for (number, day) in
        ["2026-05-30", "2026-05-17", "2026-05-02", "2025-12-24", "2024-02-29", "2019-01-01"]
            .into_iter()
            .enumerate()
    {
        let gpx = String::from_utf8(northward_gpx(8.5, 47.3, 300 + 100 * number)).unwrap();
        let gpx = gpx.replace("2026-05-30", day);
        let words = json!({ "title": format!("Old road {number}") });
        let own: Value = ada.upload(gpx.as_bytes(), &words).await.json().await.unwrap();
        let id = own["id"].as_str().unwrap().to_owned();
        let answer = ada.post(&format!("/api/v1/activities/{id}/publish"), &json!({})).await;
        assert_eq!(answer.status(), 200);
        expected.push(id);
    }
    for more in ["", "&sort=shortest", "&bbox=8,47,9,48", "&sort=relevance"] {
        let mut paged = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = search(&app.anyone(), &format!("q=road&limit=2{more}{cursor}")).await;
            paged.extend(ids(&page).into_iter().map(ToOwned::to_owned));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        if more.contains("relevance") {
            paged.sort();
            expected.sort();
        }
        assert_eq!(paged, expected, "{more}");
    }
}

/// Whatever it is called, it is found by the towns that its visible line passes; without a map by none.
#[tokio::test(flavor = "multi_thread")]
async fn what_passes_a_town_is_found_by_its_name() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = northward_gpx(6.87, 45.91, 300);
    let words = json!({ "title": "Evening loop" });
    let own: Value = ada.upload(&file, &words).await.json().await.unwrap();
    let path = format!("/api/v1/activities/{}", own["id"].as_str().unwrap());
    for query in ["q=chamonix", "q=Chamonix-Mont-Blanc", "q=rhone%20alpes%20evening"] {
        assert!(ids(&search(&app.anyone(), query).await).is_empty(), "{query}");
    }
    assert_eq!(ada.post(&format!("{path}/publish"), &json!({})).await.status(), 200);
    for query in ["q=chamonix", "q=Chamonix-Mont-Blanc", "q=rhone%20alpes%20evening"] {
        let found = search(&app.anyone(), query).await;
        assert_eq!(ids(&found), [own["id"].as_str().unwrap()], "{query}");
    }
    assert!(ids(&search(&app.anyone(), "q=courmayeur").await).is_empty());
    let hidden = json!({ "choices": { "map": false } });
    assert_eq!(ada.patch(&path, &hidden).await.status(), 200);
    assert!(ids(&search(&app.anyone(), "q=chamonix").await).is_empty());
}
