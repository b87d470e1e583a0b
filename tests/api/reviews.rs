//! What members say of what others publish, and finding by it.

use chrono::TimeDelta;
use futures_util::future::join_all;
use reqwest::Response;
use serde_json::{Value, json};

use crate::archives::{export, items, unzip};
use crate::bad_input::refused;
use crate::communities::{community, joins, json_of, put, share};
use crate::explore::nearby;
use crate::harness::{Caller, PASSWORD, TestApp, dump_data, northward_gpx};
use crate::jobs::count;
use crate::links::{link, shared};

const AROUND: [f64; 2] = [8.5, 47.3];

/// A published activity; its path.
pub async fn walk(who: &Caller<'_>, points: usize) -> String {
    let file = northward_gpx(AROUND[0], AROUND[1], points);
    format!("/api/v1/activities/{}", who.has_published(&file).await)
}

async fn say(who: &Caller<'_>, of: &str, rating: i16, text: &str) -> Response {
    let text = (!text.is_empty()).then_some(text);
    who.post(&format!("{of}/reviews"), &json!({ "rating": rating, "text": text })).await
}

/// Says something for the first time; the id of that.
pub async fn says(who: &Caller<'_>, of: &str, rating: i16, text: &str) -> String {
    let answer = say(who, of, rating, text).await;
    assert_eq!(answer.status(), 201);
    answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
}

/// What is said of an activity, in the order in which it is listed.
async fn texts(who: &Caller<'_>, of: &str) -> Vec<String> {
    let said = items(who, &format!("{of}/reviews")).await;
    said.iter().map(|review| review["text"].as_str().unwrap_or("-").to_owned()).collect()
}

pub async fn rating(who: &Caller<'_>, of: &str) -> Value {
    json_of(who, of).await["rating"].clone()
}

/// By which path somebody blocks somebody.
pub fn block(of: &Caller<'_>) -> String {
    format!("/api/v1/me/blocks/{}", of.account_id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_says_one_thing_of_what_another_published() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let path = walk(&ada, 300).await;
    let list = format!("{path}/reviews");
    assert_eq!(json_of(&app.anyone(), &list).await, json!({ "items": [], "next_cursor": null }));
    assert_eq!(rating(&eve, &path).await, Value::Null);

    let first = say(&eve, &path, 3, " Muddy, but\nquiet ").await;
    assert_eq!(first.status(), 201);
    assert_eq!(first.headers()["cache-control"], "private, no-store");
    let first: Value = first.json().await.unwrap();
    let expected = json!({
        "id": first["id"], "member": { "id": eve.account_id, "public_name": "Eve" }, "rating": 3,
        "text": "Muddy, but\nquiet", "day": "2026-06-01",
    });
    assert_eq!(first, expected);
    assert_eq!(items(&app.anyone(), &list).await, [expected]);
    // Another takes its place.
    app.advance(TimeDelta::days(1));
    let eve = app.sign_in(&eve.email, PASSWORD).await;
    let second = say(&eve, &path, 5, "").await;
    assert_eq!(second.status(), 200);
    let second: Value = second.json().await.unwrap();
    assert_eq!(second["id"], first["id"]);
    assert_eq!((&second["text"], &second["day"]), (&Value::Null, &json!("2026-06-02")));
    assert_eq!(items(&app.anyone(), &list).await, [second]);
    assert_eq!(rating(&app.anyone(), &path).await, 5.0);

    for body in [
        json!({ "rating": 0 }),
        json!({ "rating": 6 }),
        json!({ "rating": 5, "text": " " }),
        json!({ "rating": 5, "text": "x".repeat(2_001) }),
        json!({ "rating": 5, "text": "from here\u{202e}" }),
    ] {
        refused(eve.post(&list, &body).await, 422).await;
    }
    for body in [json!({}), json!({ "rating": 4.5 }), json!({ "rating": 5, "day": "2020-01-01" })] {
        refused(eve.post(&list, &body).await, 422).await;
    }
    assert_eq!(say(&eve, &path, 5, &"é".repeat(2_000)).await.status(), 200);
    refused(app.anyone().post(&list, &json!({ "rating": 5 })).await, 401).await;
    let ada = app.sign_in(&ada.email, PASSWORD).await;
    refused(say(&ada, &path, 5, "").await, 422).await;
    refused(app.anyone().get(&format!("{list}?limit=0")).await, 422).await;
    refused(app.anyone().get(&format!("{list}?cursor=x")).await, 422).await;
}

/// Whatever became of the activity, and without a word of that.
#[tokio::test(flavor = "multi_thread")]
async fn one_finds_again_what_one_said() {
    const OWN: &str = "/api/v1/me/reviews";
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let mut expected = Vec::new();
    let mut walks = Vec::new();
    for number in 0..4 {
        let ada = app.sign_in(&ada.email, PASSWORD).await;
        let eve = app.sign_in(&eve.email, PASSWORD).await;
        let path = walk(&ada, 300 + number).await;
        let text = format!("No. {number}");
        let id = says(&eve, &path, 4, &text).await;
        let of = path.rsplit('/').next().unwrap();
        let day = ["2026-06-01", "2026-06-01", "2026-06-02", "2026-06-02"][number];
        expected.push(json!({ "id": id, "activity": of, "rating": 4, "text": text, "day": day }));
        walks.push(path);
        app.advance(TimeDelta::hours(8));
    }
    let bea = app.member("Bea").await;
    says(&bea, &walks[0], 1, "Beas").await;
    let eve = app.sign_in(&eve.email, PASSWORD).await;
    let ada = app.sign_in(&ada.email, PASSWORD).await;
    // The newest day first; those of a day by their ids.
    expected.sort_by_key(|said| [&said["day"], &said["id"]].map(ToString::to_string));
    expected.reverse();
    let all = items(&eve, OWN).await;
    assert_eq!(all, expected);
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = json_of(&eve, &format!("{OWN}?limit=1{cursor}")).await;
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, all);
    assert!(items(&ada, OWN).await.is_empty());
    assert_eq!(items(&bea, OWN).await.len(), 1);

    for path in &walks {
        assert_eq!(ada.post(&format!("{path}/unpublish"), &json!({})).await.status(), 200);
        refused(eve.get(&format!("{path}/reviews")).await, 404).await;
    }
    assert_eq!(items(&eve, OWN).await, all);
    // Who lets nothing be done with their data reads them as well.
    assert_eq!(put(&eve, "/api/v1/me/restriction").await.status(), 200);
    assert_eq!(items(&eve, OWN).await, all);
    for said in &all {
        let [of, id] = ["activity", "id"].map(|name| said[name].as_str().unwrap());
        let path = format!("/api/v1/activities/{of}/reviews/{id}");
        refused(bea.delete(&path).await, 404).await;
        assert_eq!(eve.delete(&path).await.status(), 204);
    }
    assert!(items(&eve, OWN).await.is_empty());
    assert_eq!(items(&bea, OWN).await.len(), 1);
    refused(app.anyone().get(OWN).await, 401).await;
    refused(eve.get(&format!("{OWN}?limit=0")).await, 422).await;
    refused(eve.get(&format!("{OWN}?cursor=x")).await, 422).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn they_come_page_by_page_with_the_newest_first() {
    let app = TestApp::start().await;
    let path = walk(&app.member("Ada").await, 300).await;
    for number in 0..5 {
        let member = app.member(&format!("Member {number}")).await;
        says(&member, &path, 1 + number, &format!("No. {number}")).await;
        // Two on a day.
        app.advance(TimeDelta::hours(12));
    }
    let all = texts(&app.anyone(), &path).await;
    let days = items(&app.anyone(), &format!("{path}/reviews")).await;
    let days: Vec<&str> = days.iter().map(|review| review["day"].as_str().unwrap()).collect();
    assert_eq!(days, ["2026-06-03", "2026-06-03", "2026-06-02", "2026-06-02", "2026-06-01"]);
    assert_eq!(all[4], "No. 0");
    for limit in 1..=5 {
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = format!("{path}/reviews?limit={limit}{cursor}");
            let page = json_of(&app.anyone(), &page).await;
            let items = page["items"].as_array().unwrap().clone();
            paged.extend(items.iter().map(|item| item["text"].as_str().unwrap().to_owned()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, all, "{limit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_keeps_apart_from_a_reviewer_does_not_read_them_nor_they_him() {
    let app = TestApp::start().await;
    let (ada, eve, bea) =
        (app.member("Ada").await, app.member("Eve").await, app.member("Bea").await);
    let path = walk(&ada, 300).await;
    says(&eve, &path, 5, "Eves").await;
    says(&bea, &path, 2, "Beas").await;
    let both = ["Beas", "Eves"].map(ToOwned::to_owned).to_vec();
    let read = async |who: &Caller<'_>| {
        let mut texts = texts(who, &path).await;
        texts.sort();
        texts
    };
    let nobody = app.anyone();
    for viewer in [&nobody, &ada, &eve, &bea] {
        assert_eq!(read(viewer).await, both);
    }
    for (one, other) in [(&eve, &bea), (&bea, &eve)] {
        assert_eq!(put(one, &block(other)).await.status(), 204);
        assert_eq!(
            (read(&eve).await, read(&bea).await),
            (vec!["Eves".to_owned()], vec!["Beas".to_owned()])
        );
        for viewer in [&nobody, &ada] {
            assert_eq!(read(viewer).await, both);
        }
        // The mean is the same for all.
        for viewer in [&nobody, &eve, &bea] {
            assert_eq!(rating(viewer, &path).await, 3.5);
        }
        assert_eq!(one.delete(&block(other)).await.status(), 204);
        assert_eq!(read(&eve).await, both);
    }
}

/// Else everybody but the two would go on reading what one says of the other, and neither could end it.
#[tokio::test(flavor = "multi_thread")]
async fn what_two_who_keep_apart_said_of_each_others_is_gone_for_all() {
    for ada_blocks in [true, false] {
        let app = TestApp::start().await;
        let (ada, eve, bea) =
            (app.member("Ada").await, app.member("Eve").await, app.member("Bea").await);
        let (adas, eves) = (walk(&ada, 300).await, walk(&eve, 301).await);
        says(&eve, &adas, 1, "She lives at the corner").await;
        says(&bea, &adas, 4, "Beas").await;
        says(&ada, &eves, 1, "Adas").await;
        says(&bea, &eves, 5, "Beas").await;
        // Also of what is not published now.
        let withdrawn = walk(&ada, 302).await;
        says(&eve, &withdrawn, 1, "So there").await;
        assert_eq!(ada.post(&format!("{withdrawn}/unpublish"), &json!({})).await.status(), 200);
        let (one, other) = if ada_blocks { (&ada, &eve) } else { (&eve, &ada) };
        assert_eq!(put(one, &block(other)).await.status(), 204);
        for path in [&adas, &eves] {
            assert_eq!(texts(&app.anyone(), path).await, ["Beas"]);
        }
        assert_eq!(
            (rating(&bea, &adas).await, rating(&bea, &eves).await),
            (json!(4.0), json!(5.0))
        );
        assert!(!dump_data(&app).contains("the corner") && !dump_data(&app).contains("So there"));
        // It does not come back, and nothing new comes.
        refused(say(&eve, &adas, 1, "Still there").await, 404).await;
        refused(say(&ada, &eves, 1, "Still there").await, 404).await;
        assert_eq!(one.delete(&block(other)).await.status(), 204);
        assert_eq!(texts(&app.anyone(), &adas).await, ["Beas"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_takes_its_reviews_along_until_it_is_published_again() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let circle = community(&ada, "Circle", "public").await;
    joins(&eve, &circle, &ada, "member").await;
    let path = walk(&ada, 300).await;
    assert_eq!(share(&ada, &path, &circle).await.status(), 200);
    let token = link(&ada, &path, json!({})).await;
    says(&eve, &path, 4, "Fine").await;
    // Who comes by a link is told of none, though it is published.
    let by_link = json_of(&app.anyone(), &shared(&token)).await;
    assert_eq!((&by_link["visibility"], &by_link["rating"]), (&json!("published"), &Value::Null));
    refused(app.anyone().get(&format!("{}/reviews", shared(&token))).await, 404).await;
    let never = format!("/api/v1/activities/{}", uuid::Uuid::new_v4());
    for taken_back in ["unpublish", "over"] {
        if taken_back == "unpublish" {
            assert_eq!(ada.post(&format!("{path}/unpublish"), &json!({})).await.status(), 200);
        } else {
            let until = json!({ "until": app.now() + TimeDelta::seconds(60) });
            assert_eq!(ada.post(&format!("{path}/publish"), &until).await.status(), 200);
            app.advance(TimeDelta::seconds(60));
        }
        // A fellow sees the activity, and owners what is theirs; of reviews they are told nothing.
        for viewer in [&app.anyone(), &eve, &ada] {
            let answer = viewer.get(&format!("{path}/reviews")).await;
            let absent = viewer.get(&format!("{never}/reviews")).await;
            assert_eq!(
                (answer.status(), absent.status()),
                (404.try_into().unwrap(), 404.try_into().unwrap())
            );
            assert_eq!(answer.bytes().await.unwrap(), absent.bytes().await.unwrap());
        }
        if taken_back == "unpublish" {
            assert_eq!(json_of(&eve, &path).await["rating"], Value::Null);
        }
        refused(say(&eve, &path, 1, "Still").await, 404).await;
        assert_eq!(ada.post(&format!("{path}/publish"), &json!({})).await.status(), 200);
        assert_eq!(texts(&app.anyone(), &path).await, ["Fine"]);
        assert_eq!(rating(&app.anyone(), &path).await, 4.0);
    }
    // Made anew it keeps its rating.
    assert_eq!(ada.patch(&path, &json!({ "title": "Another" })).await.status(), 200);
    assert_eq!(rating(&app.anyone(), &path).await, 4.0);
    assert_eq!(ada.delete(&path).await.status(), 204);
    assert_eq!(count(&app, "commons.reviews").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn its_writer_deletes_it_at_any_time_and_the_owner_while_it_is_published() {
    let app = TestApp::start().await;
    let (ada, eve, bea) =
        (app.member("Ada").await, app.member("Eve").await, app.member("Bea").await);
    let (path, other) = (walk(&ada, 300).await, walk(&bea, 301).await);
    let of = |path: &str, review: &str| format!("{path}/reviews/{review}");
    let review = says(&eve, &path, 4, "Fine").await;
    refused(bea.delete(&of(&path, &review)).await, 404).await;
    refused(app.anyone().delete(&of(&path, &review)).await, 401).await;
    // By another activity it is not found, not even by who owns that.
    for who in [&ada, &bea, &eve] {
        refused(who.delete(&of(&other, &review)).await, 404).await;
    }
    assert_eq!(ada.delete(&of(&path, &review)).await.status(), 204);
    refused(ada.delete(&of(&path, &review)).await, 404).await;
    assert_eq!(rating(&bea, &path).await, Value::Null);
    let review = says(&eve, &path, 2, "Again").await;
    assert_eq!(ada.post(&format!("{path}/unpublish"), &json!({})).await.status(), 200);
    refused(ada.delete(&of(&path, &review)).await, 404).await;
    assert_eq!(eve.delete(&of(&path, &review)).await.status(), 204);
    assert_eq!(ada.post(&format!("{path}/publish"), &json!({})).await.status(), 200);
    assert_eq!(rating(&bea, &path).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lets_nothing_be_done_with_their_data_is_not_read_and_does_not_count() {
    let app = TestApp::start().await;
    let (ada, eve, bea) =
        (app.member("Ada").await, app.member("Eve").await, app.member("Bea").await);
    let path = walk(&ada, 300).await;
    let review = says(&eve, &path, 1, "Eves").await;
    says(&bea, &path, 4, "Beas").await;
    assert_eq!(rating(&app.anyone(), &path).await, 2.5);
    assert!(put(&eve, "/api/v1/me/restriction").await.status().is_success());
    for viewer in [&app.anyone(), &ada, &bea, &eve] {
        assert_eq!(texts(viewer, &path).await, ["Beas"]);
    }
    for viewer in [&app.anyone(), &bea, &eve] {
        assert_eq!(rating(viewer, &path).await, 4.0);
    }
    refused(ada.delete(&format!("{path}/reviews/{review}")).await, 404).await;
    refused(say(&eve, &path, 3, "Once more").await, 409).await;
    // What is made anew does not count it either.
    assert_eq!(ada.patch(&path, &json!({ "title": "Another" })).await.status(), 200);
    assert_eq!(rating(&bea, &path).await, 4.0);
    assert!(eve.delete("/api/v1/me/restriction").await.status().is_success());
    assert_eq!(texts(&bea, &path).await.len(), 2);
    assert_eq!(rating(&bea, &path).await, 2.5);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_write_at_once_each_counts() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = walk(&ada, 300).await;
    let mut members = Vec::new();
    for number in 0..6 {
        members.push(app.member(&format!("Member {number}")).await);
    }
    let ratings = [1, 2, 3, 4, 4, 5];
    // While its author changes what they write about.
    let write = join_all(
        members
            .iter()
            .zip(ratings)
            .map(async |(who, rating)| say(who, &path, rating, "").await.status()),
    );
    let title = async {
        for number in 0..6 {
            let title = json!({ "title": format!("Walk {number}") });
            assert_eq!(ada.patch(&path, &title).await.status(), 200);
        }
    };
    let (written, ()) = futures_util::join!(write, title);
    assert!(written.iter().all(|status| *status == 201), "{written:?}");
    assert_eq!(rating(&app.anyone(), &path).await, 3.2);
    let found =
        json_of(&app.anyone(), "/api/v1/explore/search?rating_min=3.2&rating_max=3.2").await;
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    let deleted = join_all(members[..3].iter().map(async |who| {
        let own = items(who, &format!("{path}/reviews")).await;
        let own =
            own.iter().find(|review| review["member"]["id"] == who.account_id.as_str()).unwrap();
        who.delete(&format!("{path}/reviews/{}", own["id"].as_str().unwrap())).await.status()
    }));
    assert!(deleted.await.iter().all(|status| *status == 204));
    assert_eq!(rating(&app.anyone(), &path).await, 4.3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_found_by_its_rating() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let mut members = Vec::new();
    for number in 0..3 {
        members.push(app.member(&format!("Member {number}")).await);
    }
    let (good, fair, unrated) =
        (walk(&ada, 300).await, walk(&ada, 301).await, walk(&ada, 302).await);
    for (who, rating) in members.iter().zip([4, 4, 5]) {
        says(who, &good, rating, "").await;
    }
    says(&members[0], &fair, 2, "").await;
    let of = |path: &String| path.rsplit('/').next().unwrap().to_owned();
    let [good, fair, unrated] = [&good, &fair, &unrated].map(of);
    // To the figure that is shown: 13 / 3 is 4.3.
    for (min, max, expected) in [
        (json!(4.3), Value::Null, vec![&good]),
        (json!(4.31), Value::Null, vec![]),
        (json!(4.3), json!(4.3), vec![&good]),
        (Value::Null, json!(4.3), vec![&good, &fair]),
        (Value::Null, json!(4.29), vec![&fair]),
        (json!(0), Value::Null, vec![&good, &fair]),
        (json!(2), json!(2), vec![&fair]),
        (Value::Null, json!(1.9), vec![]),
        (Value::Null, Value::Null, vec![&good, &fair, &unrated]),
    ] {
        let mut expected: Vec<&str> = expected.into_iter().map(String::as_str).collect();
        expected.sort_unstable();
        let question =
            json!({ "position": AROUND, "radius_m": 20_000, "rating": { "min": min, "max": max } });
        let near = nearby(&app.anyone(), &question).await;
        let mut near = crate::explore::ids(&near);
        near.sort_unstable();
        assert_eq!(near, expected, "{question}");
        let query = [("rating_min", &min), ("rating_max", &max)];
        let query = query.iter().filter(|(_, end)| !end.is_null());
        let query: Vec<String> = query.map(|(name, end)| format!("{name}={end}")).collect();
        let path = format!("/api/v1/explore/search?{}", query.join("&"));
        let found = json_of(&app.anyone(), &path).await;
        let found = found["items"].as_array().unwrap();
        let mut found: Vec<&str> = found.iter().map(|item| item["id"].as_str().unwrap()).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{path}");
    }
    let best = json_of(&app.anyone(), "/api/v1/explore/search?sort=best_rated").await;
    let best = best["items"].as_array().unwrap();
    let ratings: Vec<(&Value, &Value)> =
        best.iter().map(|item| (&item["id"], &item["rating"])).collect();
    let expected =
        [(json!(good), json!(4.3)), (json!(fair), json!(2.0)), (json!(unrated), Value::Null)];
    assert_eq!(ratings, expected.each_ref().map(|(id, rating)| (id, rating)));
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = format!("/api/v1/explore/search?sort=best_rated&limit=1{cursor}");
        let page = json_of(&app.anyone(), &page).await;
        paged.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, [good, fair, unrated].map(Value::from));
}

/// What only a community sees has no rating, whatever was said of it while it was published.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_community_sees_is_found_by_no_rating() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let circle = community(&ada, "Circle", "public").await;
    joins(&eve, &circle, &ada, "member").await;
    let path = walk(&ada, 300).await;
    assert_eq!(share(&ada, &path, &circle).await.status(), 200);
    says(&eve, &path, 5, "").await;
    assert_eq!(ada.post(&format!("{path}/unpublish"), &json!({})).await.status(), 200);
    let question =
        |rating: Value| json!({ "position": AROUND, "radius_m": 20_000, "rating": rating });
    let found = nearby(&eve, &question(Value::Null)).await;
    assert_eq!(found["items"][0]["activity"]["rating"], Value::Null);
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    let found = nearby(&eve, &question(json!({ "min": 1 }))).await;
    assert_eq!(found["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_says_whether_their_reviews_stay_of_nobody() {
    for (wishes, stay) in [(json!({}), true), (json!({ "published": "erase" }), false)] {
        let app = TestApp::start().await;
        let (ada, eve, bea) =
            (app.member("Ada").await, app.member("Evelyn").await, app.member("Bea").await);
        let paths = [
            walk(&ada, 300).await,
            walk(&ada, 301).await,
            walk(&ada, 302).await,
            walk(&ada, 303).await,
            walk(&ada, 304).await,
        ];
        let said = ["Roots and stones", "Yours, Evelyn", "Fine!", "fine", "Up and down"];
        let mut ids = Vec::new();
        for (path, text) in paths.iter().zip(said) {
            ids.push(says(&eve, path, 2, text).await);
        }
        says(&bea, &paths[0], 5, "Beas").await;
        let outlook = json_of(&eve, "/api/v1/me/deletion").await;
        assert_eq!(outlook["reviews"], 5);
        assert_eq!(outlook["erased"].get("commons.reviews"), None);
        assert_eq!(eve.leave(&wishes).await.status(), 202);
        // With the answer nobody reads them.
        assert_eq!(texts(&ada, &paths[0]).await, ["Beas"]);
        assert_eq!(rating(&bea, &paths[0]).await, 5.0);
        assert_eq!(texts(&ada, &paths[1]).await, [""; 0]);
        // Of what is not there any more when it would be shown nothing is said.
        app.run_jobs().await;
        assert_eq!(ada.delete(&paths[4]).await.status(), 204);
        app.finish_leaving().await;
        let mut said = Vec::new();
        for path in &paths[..4] {
            said.extend(items(&app.anyone(), &format!("{path}/reviews")).await);
        }
        let nobodys: Vec<&Value> =
            said.iter().filter(|review| review["member"].is_null()).collect();
        if stay {
            let texts: Vec<&Value> = nobodys.iter().map(|review| &review["text"]).collect();
            // What names who wrote it, or is written twice, would tell whose it is.
            assert_eq!(
                texts,
                [&json!("Roots and stones"), &Value::Null, &Value::Null, &Value::Null]
            );
            assert!(
                nobodys.iter().all(|review| review["day"] == "2026-06-01" && review["rating"] == 2)
            );
            assert_eq!(rating(&app.anyone(), &paths[0]).await, 3.5);
            assert_eq!(rating(&app.anyone(), &paths[1]).await, 2.0);
        } else {
            assert_eq!(nobodys.len(), 0);
            assert_eq!(rating(&app.anyone(), &paths[0]).await, 5.0);
            assert!(!dump_data(&app).contains("Roots and stones"));
        }
        let dump = dump_data(&app);
        for gone in ids.iter().map(String::as_str).chain(["Evelyn", "Yours", "ine!", "Up and down"])
        {
            assert!(!dump.contains(gone), "{gone}");
        }
        assert_eq!(count(&app, "ops.jobs").await, 0);
        // Nobody is not who is not signed in, nor the owner of what has no author.
        if stay {
            let review = format!("{}/reviews/{}", paths[0], nobodys[0]["id"].as_str().unwrap());
            refused(app.anyone().delete(&review).await, 401).await;
            refused(bea.delete(&review).await, 404).await;
            assert_eq!(ada.delete(&review).await.status(), 204);
        }
    }
}

/// The day is the month's, whichever it was.
#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_in_time_is_read_again() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let path = walk(&ada, 300).await;
    app.advance(TimeDelta::days(20));
    let eve = app.sign_in(&eve.email, PASSWORD).await;
    says(&eve, &path, 4, "Fine").await;
    assert_eq!(eve.leave(&json!({ "undo_days": 7 })).await.status(), 202);
    assert_eq!(texts(&app.anyone(), &path).await, [""; 0]);
    assert_eq!(rating(&app.anyone(), &path).await, Value::Null);
    let back = json!({ "email": eve.email, "password": PASSWORD, "device": "Phone" });
    assert_eq!(app.anyone().post("/api/v1/auth/undo-deletion", &back).await.status(), 200);
    let said = items(&app.anyone(), &format!("{path}/reviews")).await;
    assert_eq!(
        (&said[0]["day"], &said[0]["member"]["public_name"]),
        (&json!("2026-06-21"), &json!("Eve"))
    );
    assert_eq!(rating(&app.anyone(), &path).await, 4.0);
    let eve = app.sign_in(&eve.email, PASSWORD).await;
    assert_eq!(eve.leave(&json!({})).await.status(), 202);
    app.finish_leaving().await;
    let said = items(&app.anyone(), &format!("{path}/reviews")).await;
    assert_eq!((&said[0]["day"], &said[0]["member"]), (&json!("2026-06-01"), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_their_author_works_lose_what_was_said_of_them() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let path = walk(&ada, 300).await;
    says(&eve, &path, 4, "A walk with Ada in May").await;
    assert_eq!(ada.leave(&json!({})).await.status(), 202);
    refused(eve.get(&format!("{path}/reviews")).await, 404).await;
    app.finish_leaving().await;
    let question = json!({ "position": AROUND, "radius_m": 20_000 });
    let work = nearby(&app.anyone(), &question).await["items"][0]["activity"].clone();
    assert_eq!((&work["author"], &work["rating"]), (&Value::Null, &Value::Null));
    assert_eq!(count(&app, "commons.reviews").await, 0);
    // What is nobody's can be reviewed like anything else, and has no owner to delete that.
    let work = format!("/api/v1/activities/{}", work["id"].as_str().unwrap());
    let review = says(&eve, &work, 5, "Still a good one").await;
    assert_eq!(rating(&app.anyone(), &work).await, 5.0);
    let bea = app.member("Bea").await;
    refused(bea.delete(&format!("{work}/reviews/{review}")).await, 404).await;
    assert_eq!(eve.delete(&format!("{work}/reviews/{review}")).await.status(), 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_has_what_its_owner_said_and_nobody_says_it_again_by_taking_it_in() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let path = walk(&ada, 300).await;
    says(&ada.clone(), &walk(&eve, 301).await, 1, "Adas own").await;
    let review = says(&eve, &path, 4, "Eves own").await;
    let archive = export(&app, &eve).await;
    let files = unzip(&archive);
    let lines = String::from_utf8(files["reviews/0001.jsonl"].clone()).unwrap();
    let line: Value = serde_json::from_str(lines.trim()).unwrap();
    let expected = json!({
        "review_id": review, "activity_id": path.rsplit('/').next().unwrap(), "reviewer_id": eve.account_id,
        "rating": 4, "text": "Eves own", "written_on": "2026-06-01",
    });
    assert_eq!(line, expected);
    assert!(files.values().all(|file| !String::from_utf8_lossy(file).contains("Adas own")));
    let bea = app.member("Bea").await;
    let import = bea.request(reqwest::Method::POST, "/api/v1/me/imports");
    let import = import.header("Content-Type", "application/zip").body(archive).send().await;
    assert_eq!(import.unwrap().status(), 202);
    app.run_jobs().await;
    assert_eq!(texts(&app.anyone(), &path).await, ["Eves own"]);
    assert_eq!(count(&app, "commons.reviews").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_does_not_review_without_measure() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let path = walk(&ada, 300).await;
    for number in 0..60 {
        let expected = if number == 0 { 201 } else { 200 };
        assert_eq!(say(&eve, &path, 3, "").await.status(), expected);
    }
    // Whatever one names.
    refused(say(&eve, &format!("/api/v1/activities/{}", uuid::Uuid::new_v4()), 3, "").await, 429)
        .await;
}
