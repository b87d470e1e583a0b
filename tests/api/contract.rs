//! The served contract, and what every answer has in common.

use std::collections::BTreeSet;

use reqwest::header::HeaderValue;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::bad_input::refused;
use crate::harness::{Caller, POLICY, TestApp, northward_gpx};
use crate::sharing::CHILDREN;

/// What clients call, besides which the contract may list more.
const ROUTES: &[(&str, &str)] = &[
    ("get", "/health/live"),
    ("get", "/health/ready"),
    ("get", "/privacy"),
    ("get", "/openapi.json"),
    ("post", "/api/v1/auth/register"),
    ("post", "/api/v1/auth/verify"),
    ("post", "/api/v1/auth/login"),
    ("post", "/api/v1/auth/refresh"),
    ("post", "/api/v1/auth/logout"),
    ("post", "/api/v1/auth/password/forgot"),
    ("post", "/api/v1/auth/password/reset"),
    ("get", "/api/v1/me"),
    ("patch", "/api/v1/me"),
    ("put", "/api/v1/me/password"),
    ("put", "/api/v1/me/email"),
    ("post", "/api/v1/me/email/confirmation"),
    ("get", "/api/v1/me/restriction"),
    ("put", "/api/v1/me/restriction"),
    ("delete", "/api/v1/me/restriction"),
    ("post", "/api/v1/diagnostics"),
    ("delete", "/api/v1/me"),
    ("get", "/api/v1/me/deletion"),
    ("post", "/api/v1/me/deletion/code"),
    ("post", "/api/v1/auth/undo-deletion"),
    ("get", "/api/v1/methods"),
    ("get", "/api/v1/me/sessions"),
    ("delete", "/api/v1/me/sessions/{id}"),
    ("get", "/api/v1/me/activities"),
    ("post", "/api/v1/activities"),
    ("put", "/api/v1/activities/{id}"),
    ("get", "/api/v1/activities/{id}"),
    ("patch", "/api/v1/activities/{id}"),
    ("delete", "/api/v1/activities/{id}"),
    ("get", "/api/v1/activities/{id}/track.{format}"),
    ("get", "/api/v1/activities/{id}/preview.{format}"),
    ("get", "/api/v1/activities/{id}/profile"),
    ("get", "/api/v1/activities/{id}/analysis"),
    ("get", "/api/v1/activities/{id}/original"),
    ("put", "/api/v1/activities/{id}/track"),
    ("post", "/api/v1/activities/{id}/crop"),
    ("post", "/api/v1/activities/{id}/elevation"),
    ("post", "/api/v1/activities/{id}/split"),
    ("post", "/api/v1/activities/{id}/merge"),
    ("post", "/api/v1/activities/{id}/reverse"),
    ("post", "/api/v1/activities/{id}/points/remove"),
    ("post", "/api/v1/activities/{id}/publish"),
    ("post", "/api/v1/activities/{id}/unpublish"),
    ("get", "/api/v1/activities/{id}/communities"),
    ("put", "/api/v1/activities/{id}/communities/{community}"),
    ("delete", "/api/v1/activities/{id}/communities/{community}"),
    ("post", "/api/v1/activities/{id}/links"),
    ("get", "/api/v1/activities/{id}/links"),
    ("post", "/api/v1/activities/{id}/links/{link}/rotate"),
    ("delete", "/api/v1/activities/{id}/links/{link}"),
    ("get", "/api/v1/activities/{id}/reviews"),
    ("post", "/api/v1/activities/{id}/reviews"),
    ("delete", "/api/v1/activities/{id}/reviews/{review}"),
    ("get", "/api/v1/me/reviews"),
    ("get", "/api/v1/shared/{token}"),
    ("post", "/api/v1/shared/{token}/unlock"),
    ("get", "/api/v1/shared/{token}/track.{format}"),
    ("get", "/api/v1/shared/{token}/preview.{format}"),
    ("get", "/api/v1/shared/{token}/profile"),
    ("get", "/api/v1/shared/{token}/analysis"),
    ("get", "/s/{token}"),
    ("post", "/s/{token}"),
    ("post", "/api/v1/explore/nearby"),
    ("post", "/api/v1/explore/along"),
    ("get", "/api/v1/explore/search"),
    ("get", "/tiles/{z}/{x}/{y}.mvt"),
    ("get", "/tiles/heat/{z}/{x}/{y}.mvt"),
    ("get", "/tiles/heat.json"),
    ("get", "/tiles/tiles.json"),
    ("get", "/tiles/style.json"),
    ("get", "/ogc"),
    ("get", "/ogc/api"),
    ("get", "/ogc/conformance"),
    ("get", "/ogc/collections"),
    ("get", "/ogc/collections/waypoints"),
    ("get", "/ogc/collections/waypoints/items"),
    ("get", "/ogc/collections/waypoints/items/{id}"),
    ("get", "/ogc/collections/activities"),
    ("get", "/ogc/collections/activities/items"),
    ("get", "/ogc/collections/activities/items/{id}"),
    ("get", "/open-data"),
    ("get", "/open-data/activities.geojsons"),
    ("get", "/open-data/activities.fgb"),
    ("get", "/open-data/withdrawn"),
    ("post", "/api/v1/me/visibility"),
    ("get", "/api/v1/me/zones"),
    ("post", "/api/v1/me/zones"),
    ("get", "/api/v1/me/zones/{id}"),
    ("put", "/api/v1/me/zones/{id}"),
    ("delete", "/api/v1/me/zones/{id}"),
    ("post", "/api/v1/communities"),
    ("get", "/api/v1/communities"),
    ("get", "/api/v1/communities/{id}"),
    ("patch", "/api/v1/communities/{id}"),
    ("delete", "/api/v1/communities/{id}"),
    ("get", "/api/v1/communities/{id}/activities"),
    ("delete", "/api/v1/communities/{id}/activities/{activity}"),
    ("get", "/api/v1/communities/{id}/members"),
    ("patch", "/api/v1/communities/{id}/members/{member}"),
    ("delete", "/api/v1/communities/{id}/members/{member}"),
    ("post", "/api/v1/communities/{id}/requests"),
    ("get", "/api/v1/communities/{id}/requests"),
    ("put", "/api/v1/communities/{id}/requests/{member}"),
    ("delete", "/api/v1/communities/{id}/requests/{member}"),
    ("get", "/api/v1/communities/{id}/bans"),
    ("get", "/api/v1/communities/{id}/bans/{member}"),
    ("put", "/api/v1/communities/{id}/bans/{member}"),
    ("delete", "/api/v1/communities/{id}/bans/{member}"),
    ("get", "/api/v1/me/consents"),
    ("put", "/api/v1/me/consents/{consent}"),
    ("get", "/api/v1/me/blocks"),
    ("put", "/api/v1/me/blocks/{member}"),
    ("delete", "/api/v1/me/blocks/{member}"),
    ("get", "/api/v1/me/access-log"),
    ("post", "/api/v1/me/exports"),
    ("get", "/api/v1/me/exports"),
    ("get", "/api/v1/me/exports/{id}"),
    ("get", "/api/v1/me/exports/{id}/archive"),
    ("delete", "/api/v1/me/exports/{id}"),
    ("post", "/api/v1/me/imports"),
    ("get", "/api/v1/me/imports"),
    ("get", "/api/v1/me/imports/{id}"),
    ("delete", "/api/v1/me/imports/{id}"),
    ("get", "/api/v1/members/{id}"),
    ("get", "/api/v1/members/{id}/activities"),
    ("post", "/api/v1/activities/{id}/photos"),
    ("get", "/api/v1/activities/{id}/photos"),
    ("get", "/api/v1/photos/{id}"),
    ("patch", "/api/v1/photos/{id}"),
    ("delete", "/api/v1/photos/{id}"),
    ("get", "/api/v1/photos/{id}/{size}.jpg"),
    ("get", "/api/v1/photos/{id}/original"),
    ("get", "/api/v1/shared/{token}/photos"),
    ("get", "/api/v1/shared/{token}/photos/{photo}"),
    ("get", "/api/v1/shared/{token}/photos/{photo}/{size}.jpg"),
    ("put", "/api/v1/me/picture"),
    ("get", "/api/v1/me/picture"),
    ("delete", "/api/v1/me/picture"),
    ("get", "/api/v1/members/{id}/picture"),
    ("put", "/api/v1/communities/{id}/picture"),
    ("get", "/api/v1/communities/{id}/picture"),
    ("delete", "/api/v1/communities/{id}/picture"),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_lists_every_call_and_says_what_it_does() {
    let app = TestApp::start().await;
    let contract = contract(&app).await;
    assert!(contract["openapi"].as_str().unwrap().starts_with("3.1"));
    let operations = operations(&contract);
    for (method, path) in ROUTES {
        assert!(
            operations.iter().any(|known| known.method == *method && known.path == *path),
            "{method} {path}"
        );
    }
    for Operation { method, path, .. } in &operations {
        let listed = ROUTES.iter().any(|(known, at)| known == method && at == path);
        assert!(listed, "{method} {path} is in no list of clients");
    }
    let (mut names, mut shared) = (BTreeSet::new(), Vec::new());
    for Operation { method, path, content } in &operations {
        assert!(!content["summary"].as_str().unwrap_or_default().is_empty(), "{method} {path}");
        assert!(!content["tags"].as_array().unwrap().is_empty(), "{method} {path}");
        assert!(!content["responses"].as_object().unwrap().is_empty(), "{method} {path}");
        if !names.insert(content["operationId"].as_str().unwrap()) {
            shared.push(format!("{method} {path}: {}", content["operationId"]));
        }
    }
    // The specification wants them unique: generators of clients name functions after them.
    assert!(shared.is_empty(), "{shared:?}");
    // Limits are stated, and what a text refers to is there.
    let text = contract.to_string();
    assert!(text.contains("64 MiB") && text.contains("1,000,000 points"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_contract_mentions_is_there() {
    let app = TestApp::start().await;
    let contract = contract(&app).await;
    let operations = operations(&contract);
    for mention in contract.to_string().split("`GET ").skip(1) {
        let path = mention.split('`').next().unwrap();
        assert!(operations.iter().any(|known| known.path == path), "{path} is mentioned");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_knock_without_a_token_gets_what_the_contract_says() {
    let app = TestApp::start().await;
    let contract = contract(&app).await;
    let mut undocumented = Vec::new();
    for Operation { method, path, content } in operations(&contract) {
        let concrete = concrete(&path);
        let knock = async |caller: &Caller<'_>| {
            let request = caller.request(method.to_uppercase().parse().unwrap(), &concrete);
            let request =
                if content["requestBody"].is_null() { request } else { request.json(&json!({})) };
            request.send().await.unwrap()
        };
        let answer = knock(&app.anyone()).await;
        let status = answer.status().as_u16();
        if content["responses"].get(status.to_string()).is_none() {
            undocumented.push(format!("{method} {path}: {status}"));
        }
        // It is written as the contract says, too.
        if let Some(kind) = answer.headers().get("content-type") {
            let kind = kind.to_str().unwrap().split("; charset").next().unwrap();
            let told = &content["responses"][status.to_string()]["content"];
            if told.get(kind).is_none() {
                undocumented.push(format!("{method} {path}: {status} {kind}"));
            }
        }
        let ways = content["security"].as_array().cloned().unwrap_or_default();
        if !ways.is_empty() && !ways.contains(&json!({})) {
            assert_eq!(status, 401, "{method} {path}");
        }
        // What a person opens is a page even when nothing is there.
        if status >= 400 && !path.starts_with("/s/") {
            refused(answer, status).await;
        }
        // A bad token is never silently nobody's.
        if !ways.is_empty() {
            let answer = knock(&app.with_token("nonsense")).await;
            assert_eq!(answer.headers()["www-authenticate"], "Bearer", "{method} {path}");
            refused(answer, 401).await;
        }
    }
    assert!(undocumented.is_empty(), "{undocumented:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_same_precautions() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let answers = answers_of_all_kinds(&app, &ada).await;
    let mut request_ids = BTreeSet::new();
    for (status, answer) in answers {
        let url = answer.url().path().to_owned();
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .unwrap_or_else(|| panic!("{url} {status}: {name}"))
                .to_str()
                .unwrap()
        };
        assert_eq!(answer.status(), status, "{url}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert!(header("content-security-policy").contains("default-src 'none'"), "{url}");
        assert!(!header("cache-control").is_empty());
        assert!(request_ids.insert(Uuid::parse_str(header("x-request-id")).unwrap()));
        for absent in ["set-cookie", "server", "x-powered-by", "last-modified"] {
            assert!(!answer.headers().contains_key(absent), "{url}: {absent}");
        }
        // Pages of other origins read what is for everyone, and nothing else; they show its pictures, too.
        let is_for_everyone =
            ["/tiles", "/ogc", "/open-data", "/openapi.json"].iter().any(|at| url.starts_with(at));
        let origin = answer.headers().get("access-control-allow-origin");
        assert_eq!(
            origin.map(HeaderValue::as_bytes),
            is_for_everyone.then_some(&b"*"[..]),
            "{url}"
        );
        let embedding = if is_for_everyone { "cross-origin" } else { "same-origin" };
        assert_eq!(header("cross-origin-resource-policy"), embedding, "{url}");
        if status >= 400 {
            refused(answer, status).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_get_without_the_content() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let published =
        format!("/api/v1/activities/{}", ada.has_published(&northward_gpx(8.5, 47.3, 300)).await);
    let children = CHILDREN.iter().chain(&["/original"]).map(|child| format!("{published}{child}"));
    let children: Vec<String> = children.collect();
    let fixed = [
        "/health/live",
        "/health/ready",
        "/openapi.json",
        "/privacy",
        "/docs/",
        "/api/v1/me",
        "/api/v1/me/activities",
        "/nowhere",
    ];
    let fixed = fixed.into_iter().chain(FOR_EVERYONE).chain(FILES);
    for path in children.iter().map(String::as_str).chain(fixed) {
        for caller in [app.anyone(), ada.clone()] {
            let get = caller.get(path).await;
            let head = caller.request(Method::HEAD, path).send().await.unwrap();
            assert_eq!((head.status(), headers(&head)), (get.status(), headers(&get)), "{path}");
            // How long a file is that is written while it is sent, nobody knows.
            let has_length =
                headers(&get).iter().any(|header| header.starts_with("content-length"));
            assert_eq!(has_length, !FILES.contains(&path), "{path}");
            assert!(head.bytes().await.unwrap().is_empty(), "{path}");
            let is_empty = get.bytes().await.unwrap().is_empty();
            assert!(!is_empty || path == FILES[0], "{path}: before the first issue there is none");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_reach_no_other_host() {
    let app = TestApp::start().await;
    let anyone = app.anyone();
    let docs = anyone.get("/docs").await;
    assert_eq!((docs.status().as_u16(), docs.url().path()), (200, "/docs/"));
    let policy = docs.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(!policy.contains("http") && !policy.contains('*'), "{policy}");
    let docs = docs.text().await.unwrap();
    let files: Vec<&str> = ["src=\"", "href=\""]
        .iter()
        .flat_map(|attribute| docs.split(attribute).skip(1))
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert!(files.len() > 2, "{docs}");
    for file in files {
        assert!(!file.contains("//"), "{file}");
        let answer = anyone.get(&format!("/docs/{}", file.trim_start_matches("./"))).await;
        assert_eq!(answer.status(), 200, "{file}");
        let content = answer.text().await.unwrap();
        if file.contains(".css") || file.contains("initializer") {
            for outside in
                ["url(http", "url(\"http", "url(//", "@import", "url: \"http", "petstore"]
            {
                assert!(!content.contains(outside), "{file}: {outside}");
            }
        }
    }
    let initializer = anyone.get("/docs/swagger-initializer.js").await.text().await.unwrap();
    assert!(initializer.contains("/openapi.json"));
    for path in ["/docs/../Cargo.toml", "/docs/..%2fCargo.toml", "/docs/%2e%2e/%2e%2e/etc/passwd"] {
        refused(anyone.get(path).await, 404).await;
    }
    let privacy =
        anyone.request(Method::GET, "/privacy").header("Accept", "text/html").send().await.unwrap();
    assert!(!privacy.text().await.unwrap().contains("src="));
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_policy_are_told_to_anyone() {
    let app = TestApp::start().await;
    for path in ["/health/live", "/health/ready"] {
        let answer = app.anyone().get(path).await;
        assert_eq!(
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap()),
            (200, json!({ "status": "ok" }))
        );
    }
    let answer = app.anyone().get("/privacy").await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    let policy: Value = answer.json().await.unwrap();
    assert_eq!(policy["version"], POLICY);
    assert!(policy["effective_at"].is_string() && policy["processors"].is_array());
    for list in ["retention", "rights"] {
        assert!(!policy[list].as_array().unwrap().is_empty(), "{list}");
    }
    let page = app
        .anyone()
        .request(Method::GET, "/privacy")
        .header("Accept", "text/html,*/*;q=0.8")
        .send()
        .await
        .unwrap();
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(page.headers()["vary"].to_str().unwrap().to_lowercase().contains("accept"));
    let page = page.text().await.unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains(POLICY), "{page}");
}

/// One answer of each kind there is, with the status that it has.
async fn answers_of_all_kinds(app: &TestApp, ada: &Caller<'_>) -> Vec<(u16, Response)> {
    let anyone = app.anyone();
    let file = northward_gpx(8.5, 47.3, 300);
    let id = ada.has_published(&file).await;
    let published = format!("/api/v1/activities/{id}");
    let nearby = "/api/v1/explore/nearby";
    let position = json!({ "position": [8.5, 47.3] });
    let tag = anyone.get(&published).await.headers()["etag"].clone();
    let unchanged =
        anyone.request(Method::GET, &published).header("If-None-Match", tag).send().await.unwrap();
    let text = ada
        .request(Method::POST, nearby)
        .header("Content-Type", "text/plain")
        .body("x")
        .send()
        .await
        .unwrap();
    let large = ada
        .request(Method::POST, nearby)
        .header("Content-Type", "application/json")
        .body(" ".repeat(70_000))
        .send()
        .await
        .unwrap();
    let broken = ada
        .request(Method::POST, nearby)
        .header("Content-Type", "application/json")
        .body("{")
        .send()
        .await
        .unwrap();
    let login = json!({ "email": "ada@example.org", "password": crate::harness::PASSWORD });
    let mut answers = vec![
        (200, anyone.get("/health/live").await),
        (200, anyone.get("/health/ready").await),
        (200, anyone.get("/openapi.json").await),
        (200, anyone.get("/privacy").await),
        (200, anyone.get("/docs/").await),
        (200, anyone.get(&published).await),
        (200, ada.get(&published).await),
        (200, anyone.get(&format!("{published}/track.gpx")).await),
        (200, ada.get(&format!("{published}/original")).await),
        (200, anyone.post(nearby, &position).await),
        (200, anyone.post("/api/v1/auth/login", &login).await),
        (201, ada.upload(&file, &json!({})).await),
        (204, anyone.request(Method::OPTIONS, nearby).send().await.unwrap()),
        (304, unchanged),
        (400, broken),
        (401, anyone.get("/api/v1/me").await),
        (404, anyone.get("/nowhere").await),
        (404, anyone.get("/docs/nowhere").await),
        (405, anyone.get(nearby).await),
        (413, large),
        (415, text),
        (422, anyone.post(nearby, &json!({})).await),
    ];
    answers.extend(answers_for_everyone(app, &id).await);
    answers.push((204, ada.delete(&published).await));
    answers.push((410, ada.put(&id, &file, &json!({})).await));
    answers
}

/// Answers of each kind there is to pages of other origins, about a published activity.
async fn answers_for_everyone(app: &TestApp, id: &str) -> Vec<(u16, Response)> {
    let anyone = app.anyone();
    let tag = anyone.get("/ogc").await.headers()["etag"].clone();
    let unchanged =
        anyone.request(Method::GET, "/ogc").header("If-None-Match", tag).send().await.unwrap();
    let options = anyone.request(Method::OPTIONS, "/ogc").send().await.unwrap();
    let mut answers = vec![
        (304, unchanged),
        (204, options),
        (200, anyone.get(&format!("/ogc/collections/activities/items/{id}")).await),
        (400, anyone.get("/ogc?unknown=1").await),
        (404, anyone.get("/ogc/collections/nowhere").await),
        (404, anyone.get("/tiles/30/0/0.mvt").await),
        (405, anyone.post("/ogc", &json!({})).await),
        (422, anyone.get("/open-data/withdrawn?limit=0").await),
    ];
    for path in FOR_EVERYONE.into_iter().chain(FILES) {
        answers.push((200, anyone.get(path).await));
    }
    answers
}

/// What is the same for everyone.
const FOR_EVERYONE: [&str; 11] = [
    "/tiles/tiles.json",
    "/tiles/heat.json",
    "/tiles/style.json",
    "/tiles/10/536/358.mvt",
    "/ogc",
    "/ogc/api",
    "/ogc/collections/activities",
    "/ogc/collections/activities/items",
    "/ogc/collections/waypoints/items",
    "/open-data",
    "/open-data/withdrawn",
];
/// What is written while it is sent.
const FILES: [&str; 2] = ["/open-data/activities.geojsons", "/open-data/activities.fgb"];

/// A path with ids that nothing has.
pub fn concrete(path: &str) -> String {
    let mut concrete = path.replace("preview.{format}", "preview.svg").replace("{format}", "gpx");
    while let Some((before, rest)) = concrete.split_once('{') {
        let (_, after) = rest.split_once('}').unwrap();
        concrete = format!("{before}{}{after}", Uuid::new_v4());
    }
    concrete
}

pub struct Operation {
    pub method: String,
    pub path: String,
    pub content: Value,
}

pub async fn contract(app: &TestApp) -> Value {
    let answer = app.anyone().get("/openapi.json").await;
    let kind = "application/vnd.oai.openapi+json;version=3.1";
    assert_eq!(answer.headers()["content-type"], kind);
    answer.json().await.unwrap()
}

pub fn operations(contract: &Value) -> Vec<Operation> {
    let paths = contract["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, content)| Operation {
            method: method.clone(),
            path: path.clone(),
            content: content.clone(),
        })
    });
    operations.collect()
}

/// The headers of an answer, but for when it was given and what it is called.
fn headers(answer: &Response) -> BTreeSet<String> {
    let headers = answer
        .headers()
        .iter()
        .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()));
    headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
}
