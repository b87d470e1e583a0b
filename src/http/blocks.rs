//! `/me/blocks`: whom one keeps away from.

use actix_web::{HttpRequest, HttpResponse, delete, get, put, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::page::{self, Cursor, Page, PageQuery};
use super::problem::{Body, Problem};
use super::session::{Member, Now};
use crate::actions::Service;
use crate::db::vault::{Block, BlockPosition};
use crate::domain::AccountId;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(blocks).service(put_block).service(delete_block);
}

/// Somebody whom one keeps away from.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Block)]
struct BlockBody {
    member: BlockedBody,
    blocked_at: DateTime<Utc>,
}

/// Who that is.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Blocked)]
struct BlockedBody {
    id: AccountId,
    /// Null when one would not know it without the block.
    public_name: Option<String>,
}

/// Whom one keeps away from, the newest first.
#[utoipa::path(tag = "me", security(("token" = [])), params(PageQuery), responses(
    (status = 200, body = Page<BlockBody>), (status = 304), (status = 401, body = Body), (status = 422, body = Body),
))]
#[get("/me/blocks")]
async fn blocks(
    member: Member,
    query: web::Query<PageQuery>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let limit = page::limit(query.limit)?;
    let after = query.cursor.as_deref().map(BlockPosition::parse).transpose()?;
    let found = service.db.blocks(member.account, after, limit, now).await?;
    answer::json(&request, Keep::Nobody, &Page::of(found, BlockBody::from))
}

/// Keeps away from somebody. From the answer on neither sees the page, the activities or the entry in a
/// community's list of the other, and what either said of the other's activities is erased. It works the same for an id that names nobody. One keeps away from
/// at most 1,000, 60 at once, then one every ten seconds. Repeating it changes nothing.
#[utoipa::path(tag = "me", security(("token" = [])), params(("member" = AccountId, Path)), responses(
    (status = 204), (status = 401, body = Body), (status = 422, body = Body, description = "It is oneself, or one too many."),
    (status = 404, body = Body), (status = 429, body = Body),
))]
#[put("/me/blocks/{member}")]
async fn put_block(
    member: Member,
    of: web::Path<AccountId>,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    service.block(member.account, *of, now).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Keeps away from somebody no longer. Repeating it changes nothing.
#[utoipa::path(tag = "me", security(("token" = [])), params(("member" = AccountId, Path)), responses(
    (status = 204), (status = 401, body = Body), (status = 404, body = Body),
))]
#[delete("/me/blocks/{member}")]
async fn delete_block(
    member: Member,
    of: web::Path<AccountId>,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    service.db.unblock(member.account, *of).await?;
    Ok(HttpResponse::NoContent().finish())
}

impl From<Block> for BlockBody {
    fn from(block: Block) -> Self {
        let public_name = block.public_name.map(|name| name.as_str().to_owned());
        let member = BlockedBody { id: block.member, public_name };
        Self { member, blocked_at: block.created_at }
    }
}
