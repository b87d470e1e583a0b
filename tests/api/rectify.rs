//! Putting right what is kept of oneself: names that are nobody else's, password, address.

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use opentracks::privacy::retention::RELEASED_NAME;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::auth::{applicant, forgot, login, register, reset, transcript, verify};
use crate::bad_input::refused;
use crate::harness::{Caller, PASSWORD, TestApp, code_in, connect, dump_data, northward_gpx};
use crate::jobs::{count, lone_codes, numbers, text};

const ME: &str = "/api/v1/me";
const OTHER: &str = "copper lantern drifting twelve";

#[tokio::test(flavor = "multi_thread")]
async fn promise_ot_8_1_everything_about_oneself_is_read_and_put_right() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let change = json!({
        "public_name": "Countess", "given_name": "Ada", "family_name": "King", "locale": "fr",
        "professional": {
            "company": "Analytical Engines", "role": "Programmer", "town": "London", "link": "https://example.org/ada",
        },
    });
    assert_eq!(ada.patch(ME, &change).await.status(), 200);
    let mut me = read(&ada).await;
    for (field, value) in change.as_object().unwrap() {
        assert_eq!(me[field], *value, "{field}");
    }
    // And what one signs in with.
    assert_eq!(put_password(&ada, PASSWORD, OTHER).await.status(), 204);
    let codes = ask(&app, &ada, "countess@example.org").await;
    assert_eq!(confirm(&ada, &codes).await.status(), 204);
    me["email"] = json!("countess@example.org");
    assert_eq!(read(&ada).await, me);
    app.sign_in("countess@example.org", OTHER).await;
}

/// Optional, and its owner's alone: nobody has to say what they do for a living.
#[tokio::test(flavor = "multi_thread")]
async fn promise_od_3_1_professional_details_may_be_given_and_are_nobody_elses() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let details = json!({ "company": "Xanadu Ltd", "role": "Xanadu role", "town": "Xanadu", "link": "https://xanadu.example" });
    assert_eq!(ada.patch(ME, &json!({ "professional": details })).await.status(), 200);
    assert_eq!(ada.patch(ME, &json!({ "professional": { "role": null } })).await.status(), 200);
    let mut expected = details.clone();
    expected["role"] = Value::Null;
    expected["link"] = json!("https://xanadu.example/");
    assert_eq!(read(&ada).await["professional"], expected);

    let id = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    for path in [format!("/api/v1/members/{}", ada.account_id), format!("/api/v1/activities/{id}")]
    {
        let seen = app.anyone().get(&path).await.text().await.unwrap();
        assert!(!seen.to_lowercase().contains("xanadu"), "{path}: {seen}");
    }
    assert!(!dump_data(&app).to_lowercase().contains("xanadu"), "it lies sealed");
    for (field, value) in [
        ("link", json!("javascript:alert(1)")),
        ("company", json!("x".repeat(101))),
        ("town", json!("a\nb")),
    ] {
        let body = json!({ "professional": { field: value } });
        let problem = refused(ada.patch(ME, &body).await, 422).await;
        assert_eq!(problem["errors"][0]["field"], format!("professional.{field}"), "{problem}");
    }
    assert_eq!(ada.patch(ME, &json!({ "professional": null })).await.status(), 200);
    let none = json!({ "company": null, "role": null, "town": null, "link": null });
    assert_eq!(read(&ada).await["professional"], none);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_a_name_that_reads_as_somebody_elses() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada Lovelace").await, app.member("Eve").await);
    for name in [
        "Ada Lovelace",
        "ada lovelace",
        "ADA-LOVELACE",
        "Ada L0velace",
        "Ａｄａ Ｌｏｖｅｌａｃｅ",
        "Ada Lovelac\u{435}\u{301}",
        "Ada\u{200b} Lovelace",
    ] {
        let problem = refused(eve.patch(ME, &json!({ "public_name": name })).await, 422).await;
        assert_eq!(problem["errors"][0]["field"], "public_name", "{name}: {problem}");
    }
    assert_eq!(read(&eve).await["public_name"], "Eve");
    // Whose it is, or whether it is anybody's, is not told: a reserved name sounds the same.
    let taken = eve.patch(ME, &json!({ "public_name": "Ada Lovelace" })).await;
    let reserved = eve.patch(ME, &json!({ "public_name": "OpenTracks Support" })).await;
    assert_eq!(transcript(taken).await, transcript(reserved).await);
    // One's own in another spelling is one's own.
    assert_eq!(ada.patch(ME, &json!({ "public_name": "ADA Lovelace" })).await.status(), 200);
    assert_eq!(read(&ada).await["public_name"], "ADA Lovelace");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_register_with_one_name_the_first_to_prove_their_address_has_it() {
    let app = TestApp::start().await;
    let mut other = applicant("mallory@example.org");
    other["public_name"] = json!("ada");
    register(&app, &applicant("ada@example.org")).await;
    register(&app, &other).await;
    let codes = [app.code("ada@example.org").await, app.code("mallory@example.org").await];
    assert_eq!(verify(&app, "ada@example.org", &codes[0]).await.status(), 200);
    for _ in 0..2 {
        let problem = refused(verify(&app, "mallory@example.org", &codes[1]).await, 422).await;
        assert_eq!(problem["errors"][0]["field"], "public_name");
    }
    assert_eq!(count(&app, "identity.accounts").await, 1);
    assert_eq!(count(&app, "identity.addresses").await, 1);
    let verify_as = async |name: &str| {
        let body = json!({ "email": "mallory@example.org", "code": codes[1], "public_name": name });
        app.anyone().post("/api/v1/auth/verify", &body).await
    };
    refused(verify_as("ADA").await, 422).await;
    refused(verify_as("Admin").await, 422).await;
    let tokens: Value = verify_as("Mallory").await.json().await.unwrap();
    let mallory = app.caller("mallory@example.org", &tokens);
    assert_eq!(read(&mallory).await["public_name"], "Mallory");
}

/// Else whoever reads an old name beside a work takes another for its author.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_was_let_go_is_nobody_elses_for_a_year_and_not_kept_in_the_clear() {
    let second = TimeDelta::seconds(1);
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Xanadu").await, app.member("Eve").await);
    assert_eq!(ada.patch(ME, &json!({ "public_name": "Ada" })).await.status(), 200);
    assert!(!dump_data(&app).to_lowercase().contains("xanadu"));
    // Who let it go may have it back.
    assert_eq!(ada.patch(ME, &json!({ "public_name": "xanadu" })).await.status(), 200);
    assert_eq!(ada.patch(ME, &json!({ "public_name": "Ada" })).await.status(), 200);
    let take = async |name: &str| {
        let eve = app.sign_in(&eve.email, PASSWORD).await;
        eve.patch(ME, &json!({ "public_name": name })).await.status()
    };
    app.advance(RELEASED_NAME - second);
    app.run_jobs().await;
    assert_eq!(take("Xanadu").await, 422);
    app.advance(second);
    assert_eq!(take("Xanadu").await, 200, "whether or not the job ran");
    assert_eq!(take("Ada").await, 422);
}

/// Also when the account goes, by whatever way.
#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_an_account_that_is_gone_is_nobodys_for_a_year() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let mut conn = connect(&app, "opentracks").await;
    let gone = format!(
        "DELETE FROM identity.addresses WHERE account_id = '{0}';
         DELETE FROM commons.members WHERE member_id = '{0}';
         DELETE FROM identity.accounts WHERE account_id = '{0}'",
        ada.account_id
    );
    conn.batch_execute(&gone).await.unwrap();
    let take = json!({ "public_name": "Ada" });
    refused(eve.patch(ME, &take).await, 422).await;
    app.run_jobs().await;
    refused(eve.patch(ME, &take).await, 422).await;
    let whose =
        format!("(SELECT FROM identity.public_names WHERE account_id = '{}')", ada.account_id);
    assert_eq!(count(&app, &whose).await, 0, "whose it was is not kept");
    app.advance(RELEASED_NAME);
    let eve = app.sign_in(&eve.email, PASSWORD).await;
    assert_eq!(eve.patch(ME, &take).await.status(), 200);
}

/// Members from before names were kept apart have theirs entered, the first of those who are called alike.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_from_before_is_its_bearers() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let other = app.member("Augusta").await;
    let mut conn = connect(&app, "opentracks").await;
    let before = format!(
        "DELETE FROM identity.public_names;
         UPDATE commons.members SET public_name = 'ada' WHERE member_id = '{}';
         UPDATE identity.accounts SET created_at = created_at - interval '1 day' WHERE account_id = '{}'",
        other.account_id, ada.account_id
    );
    conn.batch_execute(&before).await.unwrap();
    app.run_jobs().await;
    refused(eve.patch(ME, &json!({ "public_name": "ADA" })).await, 422).await;
    assert_eq!(read(&other).await["public_name"], "ada", "nobody is renamed");
    assert_eq!(ada.patch(ME, &json!({ "public_name": "ADA" })).await.status(), 200);
    assert_eq!(other.patch(ME, &json!({ "given_name": "Augusta" })).await.status(), 200);
    refused(other.patch(ME, &json!({ "public_name": "Ada" })).await, 422).await;
    assert_eq!(other.patch(ME, &json!({ "public_name": "Augusta" })).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_not_hoarded() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    for round in 0..20 {
        app.advance(TimeDelta::minutes(1));
        let name = json!({ "public_name": format!("Name {round}") });
        assert_eq!(app.sign_in(&ada.email, PASSWORD).await.patch(ME, &name).await.status(), 200);
    }
    app.advance(TimeDelta::hours(1));
    let ada = app.sign_in(&ada.email, PASSWORD).await;
    let problem = refused(ada.patch(ME, &json!({ "public_name": "Another" })).await, 422).await;
    assert_eq!(problem["errors"][0]["reason"], "was changed too often");
}

/// Two who want one name at once: one has it, and neither waits for the other for ever.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_want_a_name_at_once_one_has_it() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    for round in 0..8 {
        let wish = json!({ "public_name": format!("Name {round}") });
        let (one, other) = tokio::join!(ada.patch(ME, &wish), eve.patch(ME, &wish));
        let mut statuses = [one.status().as_u16(), other.status().as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_every_other_session_and_is_told_by_mail() {
    let app = TestApp::start().await;
    let phone = app.member("Ada").await;
    let laptop = app.sign_in(&phone.email, PASSWORD).await;
    assert_eq!(forgot(&app, &phone.email).await.status(), 202);
    let code = app.code(&phone.email).await;

    assert_eq!(put_password(&laptop, PASSWORD, OTHER).await.status(), 204);
    assert_eq!(laptop.get(ME).await.status(), 200);
    assert_eq!(phone.get(ME).await.status(), 401);
    let body = json!({ "refresh_token": phone.refresh_token });
    assert_eq!(app.anyone().post("/api/v1/auth/refresh", &body).await.status(), 401);
    assert_eq!(login(&app, &phone.email, PASSWORD).await.status(), 401);
    app.sign_in(&phone.email, OTHER).await;
    // A code that was mailed for the one before is good for nothing.
    assert_eq!(reset(&app, &phone.email, &code, PASSWORD).await.status(), 401);
    let mails = app.mails(&phone.email).await;
    assert_eq!(mails.len(), 2);
    assert!(mails.iter().any(|mail| text(mail).contains("your password was changed")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_by_who_knows_it_into_a_good_one_alone() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let other = app.sign_in(&ada.email, PASSWORD).await;
    for (new, field) in [("short", "new"), ("ada@example.org", "new"), ("password1234", "new")] {
        let problem = refused(put_password(&ada, PASSWORD, new).await, 422).await;
        assert_eq!(problem["errors"][0]["field"], field);
    }
    let problem = refused(put_password(&ada, &"x".repeat(513), OTHER).await, 422).await;
    assert_eq!(problem["errors"][0]["field"], "current");
    assert_eq!(other.get(ME).await.status(), 200);
    // Guessing is slow, also for who found a device open.
    let mut tried = 0;
    while put_password(&ada, OTHER, OTHER).await.status() == 401 {
        tried += 1;
        assert!(tried <= 10);
    }
    refused(put_password(&ada, PASSWORD, OTHER).await, 429).await;
    app.sign_in(&ada.email, PASSWORD).await;
    assert!(app.mails(&ada.email).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_changes_once_both_confirm_it_and_not_before() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let [old, new] = ask(&app, &ada, "countess@example.org").await;
    assert_ne!(old, new);
    for codes in [[&new, &old], [&old, &old], [&new, &new]] {
        let codes = codes.map(String::clone);
        refused(confirm(&ada, &codes).await, 401).await;
        assert_eq!(read(&ada).await["email"], "ada@example.org");
    }
    // Nor with the right codes in somebody else's account.
    let codes = [old, new];
    refused(confirm(&app.member("Eve").await, &codes).await, 401).await;
    assert_eq!(confirm(&ada, &codes).await.status(), 204);
    refused(confirm(&ada, &codes).await, 401).await;
    assert_eq!(login(&app, "ada@example.org", PASSWORD).await.status(), 401);
    app.sign_in("countess@example.org", PASSWORD).await;
    let told = app.mails("ada@example.org").await;
    assert!(told.iter().any(|mail| text(mail).contains("has another e-mail address now")));
    // The one before is free for another account.
    let mut wish = applicant("ada@example.org");
    wish["public_name"] = json!("Another");
    register(&app, &wish).await;
    let code = app.code("ada@example.org").await;
    assert_eq!(verify(&app, "ada@example.org", &code).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_for_another_address_are_good_for_ten_minutes() {
    for (after_s, status) in [(599, 204), (600, 401)] {
        let app = TestApp::start().await;
        let ada = app.member("Ada").await;
        let codes = ask(&app, &ada, "countess@example.org").await;
        app.advance(TimeDelta::seconds(after_s));
        let ada = app.sign_in(&ada.email, PASSWORD).await;
        assert_eq!(confirm(&ada, &codes).await.status(), status, "{after_s}");
    }
}

/// Whether an address has an account is its owner's to know.
#[tokio::test(flavor = "multi_thread")]
async fn a_known_address_is_asked_for_like_any_other_and_never_taken() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("Ada").await, app.member("Bob").await);
    bob.patch(ME, &json!({ "locale": "fr" })).await;
    let known = transcript(put_email(&ada, &bob.email).await).await;
    let unknown = transcript(put_email(&ada, "nobody@example.org").await).await;
    assert_eq!(known, unknown);
    assert!(known.starts_with("202"));
    // The last one asked for counts; ask for the known one again.
    app.run_jobs().await;
    let rows = "identity.email_changes";
    assert_eq!(count(&app, rows).await, 1);
    assert_eq!(put_email(&ada, &bob.email).await.status(), 202);
    let told = app.mails(&bob.email).await;
    assert_eq!(told.len(), 2);
    for mail in &told {
        assert!(text(mail).starts_with("Bonjour"), "{mail}");
        assert_eq!(code_in(&text(mail)), None, "there is nothing to confirm");
    }
    let old = app.code(&ada.email).await;
    let refused_known = transcript(confirm(&ada, &[old.clone(), old]).await).await;
    let nobody = transcript(confirm(&bob, &["12345678".into(), "12345678".into()]).await).await;
    assert_eq!(refused_known, nobody);
    assert_eq!(read(&bob).await["email"], "bob@example.org");
    let problem = refused(put_email(&ada, "ADA@example.org").await, 422).await;
    assert_eq!(problem["errors"][0]["field"], "email");
}

/// Somebody may register the address while its code is on its way.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_somebody_took_meanwhile_is_theirs() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let codes = ask(&app, &ada, "bob@example.org").await;
    app.member("Bob").await;
    refused(confirm(&ada, &codes).await, 401).await;
    assert_eq!(read(&ada).await["email"], "ada@example.org");
    app.sign_in("bob@example.org", PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pairs_of_codes_are_slowed_down() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let codes = ask(&app, &ada, "countess@example.org").await;
    let wrong = ["00000000".to_owned(), codes[1].clone()];
    let mut tried = 0;
    while confirm(&ada, &wrong).await.status() == 401 {
        tried += 1;
        assert!(tried <= 6);
    }
    refused(confirm(&ada, &codes).await, 429).await;
    app.advance(TimeDelta::minutes(1));
    assert_eq!(confirm(&ada, &codes).await.status(), 204);
}

/// As all mails are: plain, without a link, with a code alone on its line.
#[tokio::test(flavor = "multi_thread")]
async fn mails_about_addresses_are_in_their_readers_language_without_a_link() {
    let app = TestApp::start().await;
    for (locale, greeting, name) in [("en", "Hello,", "Ada"), ("fr", "Bonjour,", "Zoe")] {
        let (from, to) = (format!("{name}@example.org"), format!("{name}.new@example.org"));
        let (from, to) = (from.to_lowercase(), to.to_lowercase());
        let caller = app.member(name).await;
        assert_eq!(caller.patch(ME, &json!({ "locale": locale })).await.status(), 200);
        let codes = ask(&app, &caller, &to).await;
        assert_eq!(confirm(&caller, &codes).await.status(), 204);
        assert_eq!(put_password(&caller, PASSWORD, OTHER).await.status(), 204);
        for (address, codes) in [(&from, &[1, 0][..]), (&to, &[1, 0])] {
            let mails = app.mails(address).await;
            assert_eq!(mails.len(), codes.len(), "{address}");
            let mut found = Vec::new();
            for mail in mails {
                let text = text(&mail);
                assert!(mail.contains("Content-Type: text/plain; charset=utf-8\r\n"), "{mail}");
                assert!(text.starts_with(greeting), "{text}");
                for link in ["://", "www.", "href", "mailto:", "<", "@"] {
                    assert!(!text.contains(link), "{link} in {text}");
                }
                assert_eq!(lone_codes(&text), numbers(&text), "{text}");
                found.push(lone_codes(&text));
            }
            found.sort_unstable_by(|one, other| other.cmp(one));
            assert_eq!(found, codes, "{address}");
        }
    }
}

/// OD18-7: whoever fills in a form sees which fields are needed, and what for.
#[tokio::test(flavor = "multi_thread")]
async fn promise_od18_7_what_is_asked_for_says_whether_it_is_needed_and_why() {
    let app = TestApp::start().await;
    let contract: Value = app.anyone().get("/openapi.json").await.json().await.unwrap();
    for (form, needed) in [
        ("RegisterBody", &["email", "password", "public_name", "accept_policy"][..]),
        ("ChangeBody", &[]),
        ("ProfessionalChangeBody", &[]),
        ("EmailBody", &["email"]),
        ("PasswordBody", &["current", "new"]),
        ("ProblemReport", &["device_type", "os", "version"]),
    ] {
        let schema = &contract["components"]["schemas"][form];
        let mut required: Vec<&str> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|field| field.as_str().unwrap())
            .collect();
        let mut needed = needed.to_vec();
        required.sort_unstable();
        needed.sort_unstable();
        assert_eq!(required, needed, "{form}");
        for (field, content) in schema["properties"].as_object().unwrap() {
            let said = content.to_string();
            assert!(said.contains("\"description\""), "{form}.{field}: {content}");
        }
    }
}

async fn read(caller: &Caller<'_>) -> Value {
    caller.get(ME).await.json().await.unwrap()
}

async fn put_password(caller: &Caller<'_>, current: &str, new: &str) -> Response {
    let body = json!({ "current": current, "new": new });
    caller.request(Method::PUT, "/api/v1/me/password").json(&body).send().await.unwrap()
}

async fn put_email(caller: &Caller<'_>, email: &str) -> Response {
    let body = json!({ "email": email });
    caller.request(Method::PUT, "/api/v1/me/email").json(&body).send().await.unwrap()
}

/// Asks for another address; returns the codes mailed to the one before and to the new one.
async fn ask(app: &TestApp, caller: &Caller<'_>, email: &str) -> [String; 2] {
    assert_eq!(put_email(caller, email).await.status(), 202);
    [app.code(&caller.email).await, app.code(email).await]
}

async fn confirm(caller: &Caller<'_>, [old, new]: &[String; 2]) -> Response {
    let body = json!({ "old_code": old, "new_code": new });
    caller.post("/api/v1/me/email/confirmation", &body).await
}
