//! `/auth`: signing up, in and out.

use actix_web::{HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::body::Json;
use super::network::Network;
use super::problem::{Body, Problem};
use super::session::{Member, Now};
use crate::actions::Service;
use crate::actions::sign_in::Tokens;
use crate::actions::sign_up::Applicant;
use crate::db::identity::{NewSession, Profile};
use crate::domain::{
    AccountId, Email, Invalid, Locale, Password, PersonName, PublicName, SessionId,
};

/// The longest name of a device that is kept, in characters.
const DEVICE_CHARS_MAX: usize = 80;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(register).service(verify).service(login).service(refresh).service(logout);
    config.service(forgot_password).service(reset_password).service(undo_deletion);
}

/// Someone who wants an account.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct RegisterBody {
    /// Where the code goes. Needed to sign in; nobody else sees it.
    email: String,
    /// 12 characters or more, and hard to guess. Stored as an argon2id hash.
    password: String,
    /// What others see beside published work: 1 to 50 characters that nobody else's name can be taken
    /// for.
    public_name: String,
    /// Optional; nobody else sees it.
    given_name: Option<String>,
    /// Optional; nobody else sees it.
    family_name: Option<String>,
    /// The language of mails, `en` or `fr`.
    locale: Option<String>,
    /// The version of the policy that is accepted, from `GET /privacy`.
    accept_policy: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct VerifyBody {
    email: String,
    /// The code from the mail.
    code: String,
    /// What the device is called in the list of sessions.
    device: Option<String>,
    /// Another public name than the one that was asked for: needed when that turns out to be somebody
    /// else's.
    public_name: Option<String>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct LoginBody {
    email: String,
    password: String,
    /// What the device is called in the list of sessions.
    device: Option<String>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct RefreshBody {
    refresh_token: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ForgotBody {
    email: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ResetBody {
    email: String,
    /// The code from the mail.
    code: String,
    /// The new password.
    password: String,
}

/// What a signed-in device keeps.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Tokens)]
struct TokensBody {
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// How long the access token is good for, in seconds.
    expires_in: i64,
    /// Gets the next pair; each is good once.
    refresh_token: String,
    account_id: AccountId,
}

/// Asks for an account. The answer is the same whether or not the address has one: what differs
/// is the mail.
#[utoipa::path(tag = "auth", request_body = RegisterBody, responses(
    (status = 202, description = "A mail is on its way."),
    (status = 422, body = Body, description = "A field is not fit."),
    (status = 429, body = Body, description = "Too many mails."),
))]
#[post("/auth/register")]
async fn register(
    Json(body): Json<RegisterBody>,
    Network(from): Network,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    service.register(body.try_into()?, from, now).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Completes a registration with the mailed code.
#[utoipa::path(tag = "auth", request_body = VerifyBody, responses(
    (status = 200, body = TokensBody),
    (status = 401, body = Body, description = "The code is not right, or too old."),
    (status = 422, body = Body, description = "A field is not fit, or the name is somebody else's: the code stays good for another try."),
    (status = 429, body = Body, description = "Too many codes."),
))]
#[post("/auth/verify")]
async fn verify(
    Json(body): Json<VerifyBody>,
    Network(from): Network,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<web::Json<TokensBody>, Problem> {
    let email = Email::try_from(body.email.as_str())?;
    let session = new_session(body.device);
    let name = body.public_name.as_deref().map(PublicName::chosen).transpose()?;
    Ok(web::Json(service.verify(&email, &body.code, name, &session, from, now).await?.into()))
}

/// Signs in with a password.
#[utoipa::path(tag = "auth", request_body = LoginBody, responses(
    (status = 200, body = TokensBody),
    (status = 401, body = Body, description = "The address or password is not right."),
    (status = 403, body = Body, description = "The account will be erased; `POST /auth/undo-deletion` takes that back."),
    (status = 422, body = Body, description = "A field is not fit."),
    (status = 429, body = Body, description = "Too many attempts."),
))]
#[post("/auth/login")]
async fn login(
    Json(body): Json<LoginBody>,
    Network(from): Network,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<web::Json<TokensBody>, Problem> {
    let email = Email::try_from(body.email.as_str())?;
    let password = Password::presented(body.password)?;
    let session = new_session(body.device);
    Ok(web::Json(service.sign_in(&email, password, &session, from, now).await?.into()))
}

/// Takes back that an account is to be erased, while that can be, and signs in. What was published is published
/// again; memberships, and what was shared with communities, do not come back.
#[utoipa::path(tag = "auth", request_body = LoginBody, responses(
    (status = 200, body = TokensBody),
    (status = 401, body = Body, description = "The address or password is not right, or there is nothing to take back."),
    (status = 422, body = Body, description = "A field is not fit."),
    (status = 429, body = Body, description = "Too many attempts."),
))]
#[post("/auth/undo-deletion")]
async fn undo_deletion(
    Json(body): Json<LoginBody>,
    Network(from): Network,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<web::Json<TokensBody>, Problem> {
    let email = Email::try_from(body.email.as_str())?;
    let password = Password::presented(body.password)?;
    let session = new_session(body.device);
    Ok(web::Json(service.come_back(&email, password, &session, from, now).await?.into()))
}

/// Gets the next pair of tokens. A token that was used before ends the session, unless it is the
/// last one, was used within a minute, and the next one is unused: then the answer was lost, and comes again.
#[utoipa::path(tag = "auth", request_body = RefreshBody, responses(
    (status = 200, body = TokensBody),
    (status = 401, body = Body, description = "The session has ended."),
    (status = 422, body = Body, description = "A field is not fit."),
))]
#[post("/auth/refresh")]
async fn refresh(
    Json(body): Json<RefreshBody>,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<web::Json<TokensBody>, Problem> {
    Ok(web::Json(service.refresh(&body.refresh_token, now).await?.into()))
}

/// Ends the session that asks.
#[utoipa::path(tag = "auth", security(("token" = [])), responses((status = 204), (status = 401, body = Body)))]
#[post("/auth/logout")]
async fn logout(
    member: Member,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    service.db.delete_session(member.account, member.session, now).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Asks for a code to choose a new password with. The answer is the same for every address.
#[utoipa::path(tag = "auth", request_body = ForgotBody, responses(
    (status = 202, description = "If the address has an account, a mail is on its way."),
    (status = 422, body = Body, description = "A field is not fit."),
    (status = 429, body = Body, description = "Too many mails."),
))]
#[post("/auth/password/forgot")]
async fn forgot_password(
    Json(body): Json<ForgotBody>,
    Network(from): Network,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let email = Email::try_from(body.email.as_str())?;
    service.forgot_password(&email, from, now).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Chooses a new password with the mailed code, and signs every device out.
#[utoipa::path(tag = "auth", request_body = ResetBody, responses(
    (status = 204),
    (status = 401, body = Body, description = "The code is not right, or too old."),
    (status = 422, body = Body, description = "The password is not fit."),
    (status = 429, body = Body, description = "Too many attempts."),
))]
#[post("/auth/password/reset")]
async fn reset_password(
    Json(body): Json<ResetBody>,
    Network(from): Network,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let email = Email::try_from(body.email.as_str())?;
    service.reset_password(&email, &body.code, body.password, from, now).await?;
    Ok(HttpResponse::NoContent().finish())
}

impl TryFrom<RegisterBody> for Applicant {
    type Error = Invalid;

    fn try_from(body: RegisterBody) -> Result<Self, Invalid> {
        let name = |name: Option<String>, field| {
            let name = name.as_deref().filter(|name| !name.trim().is_empty());
            name.map(PersonName::try_from).transpose().map_err(|error| Invalid { field, ..error })
        };
        Ok(Self {
            email: Email::try_from(body.email.as_str())?,
            password: body.password,
            profile: Profile {
                public_name: PublicName::chosen(&body.public_name)?,
                given_name: name(body.given_name, "given_name")?,
                family_name: name(body.family_name, "family_name")?,
                locale: body
                    .locale
                    .as_deref()
                    .map(Locale::try_from)
                    .transpose()?
                    .unwrap_or_default(),
            },
            accept_policy: body.accept_policy,
        })
    }
}

impl From<Tokens> for TokensBody {
    fn from(tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access,
            token_type: "Bearer",
            expires_in: tokens.expires_in.num_seconds(),
            refresh_token: tokens.refresh,
            account_id: tokens.account,
        }
    }
}

fn new_session(device: Option<String>) -> NewSession {
    let device = device.unwrap_or_default();
    let fit = device.chars().filter(|char| !char.is_control()).take(DEVICE_CHARS_MAX);
    NewSession { id: SessionId::random(), device: fit.collect() }
}
