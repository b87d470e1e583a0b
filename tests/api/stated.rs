//! What the contract states is so: what may come of a call, and how much it takes.

use std::process::{Command, Stdio};

use diesel_async::SimpleAsyncConnection;
use reqwest::{Response, Url};
use serde_json::{Value, json};

use crate::contract::{Operation, concrete, contract, operations};
use crate::harness::{Caller, TestApp, connect, northward_gpx};

/// What is answered from the code alone.
const AT_HAND: [&str; 13] = [
    "/health/live",
    "/privacy",
    "/openapi.json",
    "/api/v1/methods",
    "/tiles/tiles.json",
    "/tiles/heat.json",
    "/tiles/style.json",
    "/ogc",
    "/ogc/api",
    "/ogc/conformance",
    "/ogc/collections",
    "/ogc/collections/activities",
    "/ogc/collections/waypoints",
];
/// What is asked for by more than its path, so that nothing is looked up for a bare knock.
const MORE_THAN_A_PATH: [&str; 2] = ["/api/v1/shared/", "/s/"];

#[tokio::test(flavor = "multi_thread")]
async fn a_public_validator_takes_the_contract() {
    let app = TestApp::start().await;
    for path in ["/openapi.json", "/ogc/api"] {
        let file = app.data.join("contract.json");
        std::fs::write(&file, app.anyone().get(path).await.bytes().await.unwrap()).unwrap();
        let python = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/venv/bin/python");
        let mut command = Command::new(python);
        command.args(["-m", "openapi_spec_validator"]).arg(&file).stdin(Stdio::null());
        let told = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let answer = String::from_utf8_lossy(&told.stdout).chars().take(1_000).collect::<String>();
        assert!(told.status.success(), "{path}: {answer}");
    }
}

/// Whoever sends a body may send too much of it, too slowly, or of another kind; whoever names something may
/// name nothing.
#[tokio::test(flavor = "multi_thread")]
async fn each_call_tells_what_may_come_of_how_it_is_made() {
    let app = TestApp::start().await;
    let contract = contract(&app).await;
    for Operation { method, path, content } in operations(&contract) {
        let parameters = content["parameters"].as_array().cloned().unwrap_or_default();
        let takes = |place: &str| parameters.iter().any(|parameter| parameter["in"] == place);
        let has_body = !content["requestBody"].is_null();
        let is_at_hand = AT_HAND.contains(&path.as_str());
        for (may_be, status) in [
            (has_body || takes("query"), "400"),
            (takes("path"), "404"),
            (has_body, "408"),
            (has_body, "413"),
            (has_body, "415"),
            (has_body, "422"),
            (!is_at_hand, "503"),
        ] {
            let is_told = !content["responses"][status].is_null();
            assert!(is_told || !may_be, "{method} {path}: {status}");
        }
        assert!(!is_at_hand || content["responses"]["503"].is_null(), "{method} {path}");
        for (status, answer) in content["responses"].as_object().unwrap() {
            assert!(!answer["description"].as_str().unwrap().is_empty(), "{method} {path}");
            let waits = ["429", "503"].contains(&status.as_str());
            assert_eq!(answer["headers"]["Retry-After"].is_object(), waits, "{method} {path}");
            let is_page = path.starts_with("/s/");
            if "400" <= status.as_str() && !is_page {
                let body = &answer["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(body, "#/components/schemas/Problem", "{method} {path}: {status}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_a_call_says_so_or_needs_none() {
    let app = TestApp::start().await;
    let contract = contract(&app).await;
    let ada = app.member("Ada").await;
    let name = app.database_url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let mut database = connect(&app, "opentracks").await;
    let shut = format!("ALTER DATABASE {name} CONNECTION LIMIT 0");
    database.batch_execute(&shut).await.unwrap();
    database
        .batch_execute(
            "DO $$ BEGIN PERFORM pg_terminate_backend(pid, 60000) FROM pg_stat_activity
             WHERE datname = current_database() AND usename <> current_user; END $$",
        )
        .await
        .unwrap();
    for Operation { method, path, content } in operations(&contract) {
        let is_signed_in = !content["security"].is_null();
        let caller = if is_signed_in { ada.clone() } else { app.anyone() };
        let tile = path.replace("{z}", "10").replace("{x}", "536").replace("{y}", "358");
        let feature = tile.replace("waypoints/items/{id}", "waypoints/items/{id}.0");
        let request = caller.request(method.to_uppercase().parse().unwrap(), &concrete(&feature));
        let request =
            if content["requestBody"].is_null() { request } else { request.json(&json!({})) };
        let status = request.send().await.unwrap().status().as_u16();
        let told = &content["responses"][status.to_string()];
        assert!(!told.is_null(), "{method} {path}: {status}");
        if !content["requestBody"].is_null() {
            continue; // What is wrong with a body may be told before.
        }
        let is_asked = (is_signed_in || method == "get")
            && !AT_HAND.contains(&path.as_str())
            && !MORE_THAN_A_PATH.iter().any(|beginning| path.starts_with(beginning));
        assert_eq!(status == 503, is_asked, "{method} {path}: {status}");
    }
}

/// Calls that need no more than this to be answered, and by what more than the most is answered.
fn asked_at_their_limits() -> Vec<(&'static str, &'static str, Value, u16)> {
    let nearby = json!({ "position": [8.5, 47.3] });
    let along = json!({ "line": [[8.5, 47.3], [8.5, 47.31]] });
    let none = Value::Null;
    vec![
        ("post", "/api/v1/explore/nearby", nearby, 422),
        ("post", "/api/v1/explore/along", along, 422),
        ("get", "/api/v1/explore/search", none.clone(), 422),
        ("get", "/open-data/withdrawn", none.clone(), 422),
        ("get", "/api/v1/me/activities", none.clone(), 422),
        ("get", "/api/v1/me/reviews", none.clone(), 422),
        ("get", "/api/v1/communities", none.clone(), 422),
        // The standard has it so: there are as many as there may be.
        ("get", "/ogc/collections/activities/items", none.clone(), 200),
        ("get", "/ogc/collections/waypoints/items", none, 200),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stated_limit_is_the_limit() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let contract = contract(&app).await;
    let mut checked = 0;
    for (method, path, body, beyond) in asked_at_their_limits() {
        let (mut fit, mut unfit) = (Vec::new(), Vec::new());
        for (field, schema) in fields(&contract, &contract["paths"][path][method]) {
            let schema = resolved(&contract, &schema);
            if let Some(values) = schema["enum"].as_array() {
                fit.extend(values.iter().map(|value| (field.clone(), value.clone())));
                unfit.push((field.clone(), json!("nonsense"), 422));
            }
            let whole =
                |end: &str| schema[end].as_f64().and_then(|end| end.to_string().parse().ok());
            if let (Some::<i64>(least), Some::<i64>(most)) = (whole("minimum"), whole("maximum")) {
                fit.extend([least, most].map(|value| (field.clone(), json!(value))));
                unfit.push((field.clone(), json!(least - 1), 422));
                unfit.push((field.clone(), json!(most + 1), beyond));
            }
            if let Some(most) = schema["maxLength"].as_u64().and_then(|most| most.try_into().ok()) {
                fit.push((field.clone(), json!("ä".repeat(most))));
                unfit.push((field.clone(), json!("ä".repeat(most + 1)), 422));
            }
        }
        assert!(!fit.is_empty(), "{method} {path} states no limit");
        let ask = async |(field, value): (String, Value)| {
            let answer = asked(&ada, path, &body, &field, &value).await;
            (answer.status().as_u16(), format!("{method} {path} {field}"))
        };
        for one in fit {
            let (status, what) = ask(one).await;
            assert_eq!(status, 200, "{what}");
            checked += 1;
        }
        for (field, value, expected) in unfit {
            let (status, what) = ask((field, value)).await;
            // What the standard calls unfit is 400.
            let expected = if expected == 422 && path.starts_with("/ogc") { 400 } else { expected };
            assert_eq!(status, expected, "{what}");
        }
    }
    assert!(200 < checked, "{checked}");
}

/// A call with one more field, in its body or else in its query.
async fn asked(ada: &Caller<'_>, path: &str, body: &Value, field: &str, value: &Value) -> Response {
    if body.is_object() {
        let mut body = body.clone();
        body[field] = value.clone();
        return ada.post(path, &body).await;
    }
    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let mut query = vec![(field, text.as_str())];
    if text == "relevance" {
        query.push(("q", "run"));
    }
    let url = Url::parse_with_params(&ada.app.address, &query).unwrap();
    ada.get(&format!("{path}?{}", url.query().unwrap())).await
}

/// What a call takes, each with its schema.
fn fields(contract: &Value, call: &Value) -> Vec<(String, Value)> {
    let body = resolved(contract, &call["requestBody"]["content"]["application/json"]["schema"]);
    let in_body = body["properties"].as_object().cloned().unwrap_or_default();
    let in_query = call["parameters"].as_array().cloned().unwrap_or_default();
    let in_query = in_query.into_iter().map(|parameter| {
        (parameter["name"].as_str().unwrap().to_owned(), parameter["schema"].clone())
    });
    in_body.into_iter().chain(in_query).collect()
}

/// A schema without references, and without its alternative of nothing.
fn resolved(contract: &Value, schema: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        let schema = contract["components"]["schemas"].get(name);
        return resolved(contract, schema.unwrap_or_else(|| panic!("{name} is not there")));
    }
    let choices = schema["oneOf"].as_array();
    let something =
        choices.and_then(|choices| choices.iter().find(|choice| choice["type"] != "null"));
    something.map_or_else(|| schema.clone(), |choice| resolved(contract, choice))
}
