//! `/privacy`: the policy, made from the constants that the program obeys.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use askama::Template;
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::problem::{Body, Problem};
use crate::domain::Locale;
use crate::privacy::policy::{Declared, Policy};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(show_policy);
}

/// The page has a style and nothing else.
const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

/// In which language.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LanguageQuery {
    /// `en` or `fr`; without it, what `Accept-Language` prefers of these.
    lang: Option<String>,
}

/// The policy as a page.
#[derive(Template)]
#[template(path = "privacy.html")]
struct PolicyPage {
    policy: Policy,
    words: Words,
}

/// What the page says besides the policy.
struct Words {
    title: &'static str,
    version: &'static str,
    since: &'static str,
    operator: &'static str,
    hosting: &'static str,
    rights: &'static str,
    retention: &'static str,
    processors: &'static str,
    nobody: &'static str,
    stored: &'static str,
}

/// The privacy policy: a page for browsers, JSON for programs; in English and French.
#[utoipa::path(tag = "operation", params(LanguageQuery), responses(
    (status = 200, body = Policy, content_type = "application/json"),
    (status = 400, body = Body), (status = 422, body = Body, description = "It is in no such language."),
))]
#[get("/privacy")]
async fn show_policy(
    request: HttpRequest,
    query: web::Query<LanguageQuery>,
    declared: web::Data<Declared>,
) -> Result<HttpResponse, Problem> {
    let locale = match &query.lang {
        Some(lang) => Locale::try_from(lang.as_str())
            .map_err(|invalid| crate::domain::Invalid { field: "lang", ..invalid })?,
        None => Locale::preferred(text_of(&request, &header::ACCEPT_LANGUAGE)),
    };
    let policy = declared.policy(locale);
    let mut response = HttpResponse::Ok();
    response.insert_header((header::VARY, "Accept, Accept-Language"));
    response.insert_header((header::CONTENT_LANGUAGE, locale.name()));
    if !text_of(&request, &header::ACCEPT).contains("text/html") {
        return Ok(response.json(policy));
    }
    let page = PolicyPage { policy, words: Words::of(locale) };
    let html = page.render().map_err(|error| Problem::Internal(error.to_string()))?;
    response.insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY));
    Ok(response.content_type("text/html; charset=utf-8").body(html))
}

fn text_of<'a>(request: &'a HttpRequest, name: &header::HeaderName) -> &'a str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

impl Words {
    const fn of(locale: Locale) -> Self {
        match locale {
            Locale::En => Self {
                title: "Privacy",
                version: "Version",
                since: "in force since",
                operator: "Who runs this server",
                hosting: "Who hosts it, and where",
                rights: "Your rights",
                retention: "How long things are kept",
                processors: "Who handles data for us",
                nobody: "Nobody.",
                stored: "What is stored, and why",
            },
            Locale::Fr => Self {
                title: "Vie privée",
                version: "Version",
                since: "en vigueur depuis le",
                operator: "Qui exploite ce serveur",
                hosting: "Qui l'héberge, et où",
                rights: "Vos droits",
                retention: "Combien de temps les choses sont gardées",
                processors: "Qui traite des données pour nous",
                nobody: "Personne.",
                stored: "Ce qui est conservé, et pourquoi",
            },
        }
    }
}
