//! `/diagnostics`: problem reports, from anybody.

use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::body::Json;
use super::network::Network;
use super::problem::{Body, Problem};
use super::session::Now;
use crate::actions::Service;
use crate::domain::{Invalid, ProblemReport, ReportDetail, ReportText};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(report_problem);
}

/// A problem report. Sealed, erased after 30 days, and not tied to an account.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = ProblemReport)]
#[serde(deny_unknown_fields)]
struct ReportBody {
    /// Such as `phone`. Needed to see the problem again.
    device_type: String,
    /// The operating system with its version. Needed to see the problem again.
    os: String,
    /// The browser with its version, if it happened in one. Optional.
    browser: Option<String>,
    /// The version of the app. Needed to see the problem again.
    version: String,
    /// What happened, up to 4,000 characters. Optional; say nothing there that should not be read by who
    /// runs the server.
    text: Option<String>,
}

/// Reports a problem. Who asks is not looked at, signed in or not; of the network address the network is
/// kept (24 bits of IPv4, 48 of IPv6).
#[utoipa::path(tag = "operation", request_body = ReportBody, responses(
    (status = 202, description = "It is kept for 30 days."),
    (status = 422, body = Body, description = "A field is not fit."),
    (status = 429, body = Body, description = "Too many reports."),
))]
#[post("/diagnostics")]
async fn report_problem(
    Json(body): Json<ReportBody>,
    Network(from): Network,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    service.report_problem(&body.try_into()?, from, now).await?;
    Ok(HttpResponse::Accepted().finish())
}

impl TryFrom<ReportBody> for ProblemReport {
    type Error = Invalid;

    fn try_from(body: ReportBody) -> Result<Self, Invalid> {
        let detail = |text: &str, field| {
            ReportDetail::try_from(text).map_err(|invalid| Invalid { field, ..invalid })
        };
        Ok(Self {
            device_type: detail(&body.device_type, "device_type")?,
            os: detail(&body.os, "os")?,
            browser: body.browser.map(|text| detail(&text, "browser")).transpose()?,
            version: detail(&body.version, "version")?,
            text: body.text.as_deref().map(ReportText::try_from).transpose()?,
        })
    }
}
