//! `/openapi.json` and `/docs`: the contract, generated from the code, and a page to browse it
//! that comes whole from this server.

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::Config;

use super::ogc::of_ogc;
use super::problem::Problem;

/// What the contract is written in.
pub(super) const CONTRACT_TYPE: &str = "application/vnd.oai.openapi+json;version=3.1";

/// The contract, written out once.
pub struct Contract {
    json: String,
    of_ogc: String,
    ui: Config<'static>,
}

/// The page runs its own scripts and styles, and reaches this server alone. The style of the
/// library is partly inline.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

impl Contract {
    /// Writes `api` out, for a server that is reached at `public_url`.
    pub fn new(mut api: OpenApi, public_url: &str) -> Self {
        api.info.title = String::from("OpenTracks");
        api.info.description = Some(String::from(DESCRIPTION));
        api.info.version = String::from(env!("CARGO_PKG_VERSION"));
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let json = serde_json::to_value(&api).unwrap_or_default();
        Self {
            of_ogc: of_ogc(&json, &format!("{public_url}/ogc")).to_string(),
            json: api.to_json().unwrap_or_default(),
            ui: Config::from("/openapi.json").use_base_layout(),
        }
    }

    /// The contract as JSON.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The part about `/ogc` as JSON, in OpenAPI 3.0.
    pub fn of_ogc(&self) -> &str {
        &self.of_ogc
    }
}

const DESCRIPTION: &str = "A privacy-first GPS activity tracking backend. Everything is its owner's alone \
     until the owner says otherwise. Units are SI and stand in the names; times are RFC 3339 in UTC; \
     positions are [longitude, latitude, elevation]. Errors are problem details (RFC 9457). What may not be \
     seen does not exist: the answer is 404. Bodies: JSON up to 64 KiB and 16 levels deep, plans up to 4 MiB, \
     files up to 64 MiB and 1,000,000 points; 10 s, then at least 2 KiB a second.";

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(openapi);
    config.map(|config| config.service(page));
}

/// This document.
#[utoipa::path(tag = "operation", responses(
    (status = 200, content_type = "application/vnd.oai.openapi+json;version=3.1", body = Object),
))]
#[get("/openapi.json")]
async fn openapi(contract: web::Data<Contract>) -> HttpResponse {
    HttpResponse::Ok().content_type(CONTRACT_TYPE).body(contract.json.clone())
}

#[get("/docs{path:(/.*)?}")]
async fn page(
    path: web::Path<String>,
    contract: web::Data<Contract>,
) -> Result<HttpResponse, Problem> {
    let path = match path.as_str() {
        "" => {
            return Ok(HttpResponse::Found().insert_header((header::LOCATION, "/docs/")).finish());
        }
        "/" => "index.html",
        path => path.trim_start_matches('/'),
    };
    let file = utoipa_swagger_ui::serve(path, contract.ui.clone().into())
        .map_err(|error| Problem::Internal(error.to_string()))?
        .ok_or(Problem::NotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, file.content_type))
        .insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .body(file.bytes.into_owned()))
}
