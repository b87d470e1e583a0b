//! Leaving: what is asked, what is hidden with the answer, what is erased, and what stays of nobody.

mod asked;
mod canary;
mod erased;
mod killed;
mod photos;
mod restored;
mod taken_back;
mod taken_off;
mod unlinkable;
mod works;

use serde_json::{Value, json};

use crate::activities::path_of;
use crate::communities::{community, put, share};
use crate::explore::nearby;
use crate::harness::{Caller, TestApp, northward_gpx};
use crate::links::{link, shared};

/// Where the tracks of these tests begin.
const LON: f64 = 8.5;
const LAT: f64 = 47.3;

/// Somebody with something in every state, in a community with somebody else.
struct Scene<'a> {
    ada: Caller<'a>,
    eve: Caller<'a>,
    community: String,
    /// By the paths of their activities.
    private: String,
    published: String,
    linked: String,
    communal: String,
    link: Value,
}

impl<'a> Scene<'a> {
    async fn of(app: &'a TestApp) -> Self {
        let (ada, eve) = (app.member("Ada Brook").await, app.member("Eve").await);
        let names = json!({ "given_name": "Augusta", "family_name": "King" });
        assert_eq!(ada.patch("/api/v1/me", &names).await.status(), 200);
        let community = community(&eve, "Riders", "public").await;
        assert_eq!(ada.post(&format!("{community}/requests"), &json!({})).await.status(), 200);
        let private = titled(&ada, 300, "Nobody sees this").await;
        let published = titled(&ada, 301, "Up the valley").await;
        publish(&ada, &published).await;
        let linked = titled(&ada, 302, "For some friends").await;
        let link = link(&ada, &linked, json!({ "label": "Friends" })).await;
        let communal = titled(&ada, 303, "With the club").await;
        assert_eq!(share(&ada, &communal, &community).await.status(), 200);
        Self { ada, eve, community, private, published, linked, communal, link }
    }
}

/// Uploads an activity with a title; returns its path.
async fn titled(who: &Caller<'_>, points: usize, title: &str) -> String {
    let file = northward_gpx(LON, LAT, points);
    let answer = who.upload(&file, &json!({ "title": title })).await;
    assert_eq!(answer.status(), 201);
    path_of(&answer.json().await.unwrap())
}

async fn publish(who: &Caller<'_>, path: &str) {
    assert_eq!(who.post(&format!("{path}/publish"), &json!({})).await.status(), 200);
}

/// What is found around the place where the tracks begin, by whoever asks.
async fn found(who: &Caller<'_>) -> Vec<Value> {
    let question = json!({ "position": [LON, LAT], "radius_m": 20_000 });
    let page = nearby(who, &question).await;
    page["items"].as_array().unwrap().iter().map(|item| item["activity"].clone()).collect()
}

/// The work of a title among what is found.
async fn work(who: &Caller<'_>, title: &str) -> Option<Value> {
    found(who).await.into_iter().find(|work| work["title"] == title)
}

/// What a link opens, if it opens anything.
async fn opened(app: &TestApp, link: &Value) -> Option<Value> {
    let answer = app.anyone().get(&shared(link)).await;
    match answer.status().as_u16() {
        200 => Some(answer.json().await.unwrap()),
        404 => None,
        status => panic!("{status}"),
    }
}

/// What is shared with a community, for a member of it.
async fn feed(who: &Caller<'_>, community: &str) -> Vec<Value> {
    let page = crate::communities::json_of(who, &format!("{community}/activities")).await;
    page["items"].as_array().unwrap().clone()
}

async fn joins(who: &Caller<'_>, community: &str) {
    let answer = who.post(&format!("{community}/requests"), &json!({})).await;
    assert_eq!(answer.status(), 200);
}

/// Says what a member is in a community.
async fn is_made(who: &Caller<'_>, role: &str, community: &str, by: &Caller<'_>) {
    let member = format!("{community}/members/{}", who.account_id);
    assert_eq!(by.patch(&member, &json!({ "role": role })).await.status(), 200);
}

/// Keeps somebody out of a community.
async fn bans(who: &Caller<'_>, community: &str, by: &Caller<'_>) {
    assert!(put(by, &format!("{community}/bans/{}", who.account_id)).await.status().is_success());
}

/// The text of a mail, without the breaks that its transport puts in.
fn unfolded(mail: &str) -> String {
    mail.replace("=\r\n", "").replace("\r\n", " ")
}
