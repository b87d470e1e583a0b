//! The policy, as it is served, and as `PRIVACY.md` states it.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use opentracks::domain::Locale;
use opentracks::privacy::inventory::COLUMNS;
use opentracks::privacy::policy::{Declared, periods};
use opentracks::privacy::retention::Expiring;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::bad_input::refused;
use crate::harness::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn promise_ot_1_2_the_served_policy_lists_every_stored_column_with_its_reason() {
    let app = TestApp::start().await;
    for lang in ["en", "fr"] {
        let policy: Value =
            app.anyone().get(&format!("/privacy?lang={lang}")).await.json().await.unwrap();
        let page = get(&app, &format!("/privacy?lang={lang}"), "text/html", "").await;
        let page = page.text().await.unwrap();
        let data = policy["data"].as_array().unwrap();
        assert_eq!(data.len(), COLUMNS.len());
        for (told, column) in data.iter().zip(COLUMNS) {
            let name = format!("{}.{}", column.table, column.name);
            assert_eq!(
                (&told["table"], &told["name"]),
                (&json!(column.table), &json!(column.name))
            );
            assert!(!told["purpose"].as_str().unwrap().is_empty(), "{name}");
            assert!(page.contains(&format!("<code>{name}</code>")), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_is_served_in_the_language_of_its_reader() {
    let app = TestApp::start().await;
    for (query, accepted, language) in [
        ("", "", "en"),
        ("", "fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        ("", "de, en;q=0.5", "en"),
        ("?lang=fr", "en", "fr"),
        ("?lang=en", "fr", "en"),
    ] {
        let path = format!("/privacy{query}");
        for kind in ["application/json", "text/html"] {
            let answer = get(&app, &path, kind, accepted).await;
            assert_eq!(answer.status(), 200, "{path}");
            assert_eq!(answer.headers()["content-language"], language, "{path} {accepted}");
            assert_eq!(answer.headers()["vary"], "Accept, Accept-Language");
            assert!(answer.headers()["content-type"].to_str().unwrap().starts_with(kind));
            let text = answer.text().await.unwrap();
            let (own, other) = if language == "fr" {
                ("Réclamation", "Complaint")
            } else {
                ("Complaint", "Réclamation")
            };
            assert!(text.contains(own) && !text.contains(other), "{path} {accepted}: {text}");
        }
    }
    let problem = refused(app.anyone().get("/privacy?lang=tlh").await, 422).await;
    assert_eq!(problem["errors"][0]["field"], "lang");
    refused(app.anyone().get("/privacy?language=fr").await, 400).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_states_every_period_right_and_declaration_and_nothing_runs_on_it() {
    let settings = [
        ("OPENTRACKS_OPERATOR", "Association <b>Traces</b>, privacy@traces.example"),
        ("OPENTRACKS_HOSTING", "Hosting & Co, Lausanne, Switzerland"),
        ("OPENTRACKS_MAIL", "smtps://ada:s3cret@relay.example.net:465"),
    ];
    let app = TestApp::start_with(&settings).await;
    for lang in ["en", "fr"] {
        let path = format!("/privacy?lang={lang}");
        let policy: Value = app.anyone().get(&path).await.json().await.unwrap();
        assert_eq!(policy["operator"], settings[0].1);
        assert_eq!(policy["hosting"], settings[1].1);
        let answer = get(&app, &path, "text/html", "").await;
        let guard = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(guard.contains("default-src 'none'") && !guard.contains("script"), "{guard}");
        let page = answer.text().await.unwrap();
        for period in policy["retention"].as_array().unwrap() {
            let row = format!("<td>{}</td>", period["period"].as_str().unwrap());
            assert!(page.contains(&row), "{period}");
        }
        assert_eq!(policy["retention"].as_array().unwrap().len(), Expiring::ALL.len() + 3);
        for right in policy["rights"].as_array().unwrap() {
            let named = right["right"].as_str().unwrap().replace('\'', "&#39;");
            assert!(page.contains(&format!("<dt>{named}</dt>")), "{right}");
        }
        assert!(page.contains("relay.example.net") && !page.contains("s3cret"));
        assert!(page.contains("&#60;b&#62;Traces") && !page.contains("<b>"), "{page}");
        assert!(page.contains("Hosting &#38; Co"));
        assert!(!page.contains("<script") && !page.contains("://"), "{page}");
    }
}

/// What PRIVACY.md says of periods is what the code keeps.
#[test]
fn the_periods_of_privacy_md_are_those_of_the_code() {
    let mut table = String::from("| what | kept for |\n| --- | --- |\n");
    for period in periods(Locale::En) {
        writeln!(table, "| {} | {} |", period.what, period.period).unwrap();
    }
    let written = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("PRIVACY.md"));
    let written = written.unwrap();
    assert!(written.contains(&table), "PRIVACY.md should hold:\n{table}");
    let version = Declared::default().policy(Locale::En).version;
    assert!(written.contains(version), "PRIVACY.md should name version {version}");
}

async fn get(app: &TestApp, path: &str, kind: &str, accepted: &str) -> Response {
    let request = app.anyone().request(Method::GET, path).header("Accept", kind);
    request.header("Accept-Language", accepted).send().await.unwrap()
}
