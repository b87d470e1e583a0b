//! The HTTP API: extract, call, present.

mod access_log;
mod activities;
mod album;
mod along;
mod answer;
mod archives;
mod auth;
mod bans;
mod blocks;
mod body;
mod communities;
mod consents;
mod diagnostics;
pub mod docs;
mod explore;
mod exports;
mod framing;
pub mod health;
mod imports;
mod leaving;
mod levels;
mod line;
mod links;
pub mod log;
mod me;
mod members;
mod memberships;
mod methods;
pub mod metrics;
pub mod network;
mod ogc;
mod open_data;
pub mod origins;
pub mod pace;
mod page;
mod photo_body;
mod photo_upload;
mod photos;
mod portraits;
mod present;
mod preview;
mod privacy;
mod problem;
mod profile;
mod rectify;
pub mod refusal;
mod requests;
mod reshape;
mod restriction;
mod reviews;
pub mod room;
mod search;
pub mod session;
mod share_page;
mod shared;
mod sharing;
mod split;
pub mod tiles;
mod tracks;
pub mod turns;
pub mod upload;
mod usual;
mod zones;

use std::collections::BTreeMap;

use actix_web::http::{Method, header};
use actix_web::{App, HttpRequest, HttpResponse, ResponseError, web};
use utoipa::openapi::OpenApi;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_actix_web::{AppExt, scope};

use problem::Problem;

/// Where the API begins.
const BASE: &str = "/api/v1";

/// Every route, and what the framework says in our words.
pub fn routes(config: &mut ServiceConfig) {
    config.map(|config| {
        config
            .app_data(web::QueryConfig::default().error_handler(|_, _| {
                Problem::Malformed("The query has a parameter that is unknown or unfit.").into()
            }))
            // A malformed id names nothing.
            .app_data(web::PathConfig::default().error_handler(|_, _| Problem::NotFound.into()))
            .default_service(web::to(no_route))
    });
    config
        .configure(health::routes)
        .configure(privacy::routes)
        .configure(docs::routes)
        .configure(share_page::routes)
        .configure(tiles::routes)
        .configure(ogc::routes)
        .configure(open_data::routes)
        .service(scope(BASE).configure(api));
}

fn api(config: &mut ServiceConfig) {
    // They are gone through in this order: what is asked for most stands first.
    config
        .configure(explore::routes)
        .configure(search::routes)
        .configure(along::routes)
        .configure(auth::routes)
        .configure(me::routes)
        .configure(rectify::routes)
        .configure(restriction::routes)
        .configure(diagnostics::routes)
        .configure(exports::routes)
        .configure(imports::routes)
        .configure(access_log::routes)
        .configure(leaving::routes)
        .configure(zones::routes)
        .configure(methods::routes)
        .configure(tracks::routes)
        .configure(preview::routes)
        .configure(consents::routes)
        .configure(profile::routes)
        .configure(reshape::routes)
        .configure(split::routes)
        .configure(sharing::routes)
        .configure(links::routes)
        .configure(levels::routes)
        .configure(shared::routes)
        .configure(activities::routes)
        .configure(communities::routes)
        .configure(memberships::routes)
        .configure(requests::routes)
        .configure(bans::routes)
        .configure(blocks::routes)
        .configure(members::routes)
        .configure(photos::routes)
        .configure(album::routes)
        .configure(reviews::routes)
        .configure(portraits::routes);
}

/// The contract that follows from the routes.
pub fn contract() -> OpenApi {
    let (_, mut api) = App::new().into_utoipa_app().configure(routes).split_for_parts();
    usual::complete(&mut api);
    api
}

/// Which methods each path of the contract takes, for what matches no route.
pub struct Methods(BTreeMap<String, Vec<Method>>);

impl Methods {
    /// Reads them from the contract.
    pub fn of(api: &OpenApi) -> Self {
        let paths = api.paths.paths.iter().map(|(path, item)| {
            let methods = [
                (Method::GET, item.get.is_some()),
                (Method::HEAD, item.get.is_some()),
                (Method::POST, item.post.is_some()),
                (Method::PUT, item.put.is_some()),
                (Method::PATCH, item.patch.is_some()),
                (Method::DELETE, item.delete.is_some()),
            ];
            let taken = methods.into_iter().filter(|(_, taken)| *taken).map(|(method, _)| method);
            (path.clone(), taken.collect())
        });
        Self(paths.collect())
    }

    /// What `path` takes: `Allow`, whether or not what it names exists.
    fn allowed(&self, path: &str) -> Option<String> {
        let matching = self.0.iter().find(|(pattern, _)| matches(pattern, path))?;
        let names: Vec<&str> = matching.1.iter().map(Method::as_str).collect();
        Some(format!("{}, OPTIONS", names.join(", ")))
    }
}

/// No route: another method, or nothing at all.
async fn no_route(request: HttpRequest, methods: web::Data<Methods>) -> HttpResponse {
    match methods.allowed(request.path()) {
        Some(allowed) if *request.method() == Method::OPTIONS => {
            HttpResponse::NoContent().insert_header((header::ALLOW, allowed)).finish()
        }
        Some(allowed) => Problem::MethodNotAllowed(allowed).error_response(),
        None => Problem::NotFound.error_response(),
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(expected), Some(part)) if expected == part => {}
            (Some(expected), Some(part)) if is_parameter(expected, part) => {}
            _ => return false,
        }
    }
}

/// Whether `part` is a parameter as the contract writes it, perhaps between fixed letters: `{id}`,
/// `track.{format}`, `{y}.mvt`.
fn is_parameter(expected: &str, part: &str) -> bool {
    let fixed = expected.split_once('{').and_then(|(before, rest)| {
        let (_, after) = rest.split_once('}')?;
        Some((before, after))
    });
    fixed.is_some_and(|(before, after)| {
        let rest = part.strip_prefix(before).and_then(|part| part.strip_suffix(after));
        rest.is_some_and(|rest| !rest.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_matches_its_pattern_part_by_part() {
        assert!(matches("/activities/{id}/publish", "/activities/7/publish"));
        assert!(!matches("/activities/{id}/publish", "/activities/7"));
        assert!(!matches("/activities/{id}", "/activities/7/publish"));
        assert!(!matches("/activities/{id}", "/activities/"));
        assert!(!matches("/activities", "/activity"));
        assert!(matches("/activities/{id}/track.{format}", "/activities/7/track.gpx"));
        assert!(!matches("/activities/{id}/track.{format}", "/activities/7/track."));
        assert!(
            matches("/tiles/{y}.mvt", "/tiles/7.mvt") && !matches("/tiles/{y}.mvt", "/tiles/7.png")
        );
    }

    #[test]
    fn the_contract_knows_the_methods() {
        let methods = Methods::of(&contract());
        let allowed = methods.allowed("/api/v1/activities/7").unwrap();
        assert_eq!(allowed, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS");
        assert_eq!(methods.allowed("/api/v1/nowhere"), None);
    }
}
