//! `/me/picture`, `/members/{id}/picture` and `/communities/{id}/picture`: one picture each, made anew from
//! what was uploaded.

use actix_web::{HttpRequest, HttpResponse, delete, get, put, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::photo_upload::{self, PhotosForm};
use super::problem::{Body, Problem};
use super::room::UploadRoom;
use super::session::{Member, Now};
use crate::access::{Sealed, Viewer};
use crate::actions::Service;
use crate::db::Commons;
use crate::domain::{AccountId, CommunityId};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(put_own_picture)
        .service(own_picture)
        .service(delete_own_picture)
        .service(member_picture)
        .service(put_community_picture)
        .service(community_picture)
        .service(delete_community_picture);
}

/// Gives oneself a picture: JPEG, PNG or WebP, as the body or as the part `file` of a form. Nothing but its
/// pixels is kept, no side longer than 400. Whoever sees the member sees it.
#[utoipa::path(tag = "me", security(("token" = [])),
    request_body(content((PhotosForm = "multipart/form-data"), (Vec<u8> = "image/*"))),
    responses(
        (status = 204), (status = 401, body = Body), (status = 413, body = Body), (status = 415, body = Body),
        (status = 422, body = Body),
    ))]
#[put("/me/picture")]
async fn put_own_picture(
    member: Member,
    request: HttpRequest,
    payload: web::Payload,
    service: web::Data<Service>,
    room: web::Data<UploadRoom>,
) -> Result<HttpResponse, Problem> {
    let received =
        photo_upload::receive_picture(&request, payload, room.of(member.account)).await?;
    service.portray_member(member.account, received.file).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// One's own picture.
#[utoipa::path(tag = "me", security(("token" = [])), responses(
    (status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = 304), (status = 401, body = Body),
    (status = 404, body = Body),
))]
#[get("/me/picture")]
async fn own_picture(
    member: Member,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let picture = service.db.own_picture(member.account).await?.ok_or(Problem::NotFound)?;
    Ok(answer::content(&request, Keep::Nobody, "image/jpeg", picture))
}

/// Takes one's own picture away.
#[utoipa::path(tag = "me", security(("token" = [])), responses(
    (status = 204), (status = 401, body = Body), (status = 404, body = Body),
))]
#[delete("/me/picture")]
async fn delete_own_picture(
    member: Member,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let deleted = service.db.delete_own_picture(member.account).await?;
    deleted.then(|| HttpResponse::NoContent().finish()).ok_or(Problem::NotFound)
}

/// The picture of a member whom one sees.
#[utoipa::path(tag = "explore", security((), ("token" = [])), params(("id" = AccountId, Path)), responses(
    (status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = 304), (status = 401, body = Body),
    (status = 404, body = Body),
))]
#[get("/members/{id}/picture")]
async fn member_picture(
    viewer: Viewer,
    id: web::Path<AccountId>,
    Now(now): Now,
    request: HttpRequest,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let see = async || commons.member(viewer, *id, now).await.map(|it| it.and_then(Sealed::open));
    let member = see().await?.ok_or(Problem::NotFound)?;
    let picture = commons.picture_of(&member).await?;
    // Asked once more: they may have begun to keep away in between.
    see().await?.ok_or(Problem::NotFound)?;
    let picture = picture.ok_or(Problem::NotFound)?;
    Ok(answer::content(&request, Keep::Nobody, "image/jpeg", picture))
}

/// Gives a community a picture, as `PUT /api/v1/me/picture` does. For its administrators.
#[utoipa::path(tag = "communities", security(("token" = [])), params(("id" = CommunityId, Path)),
    request_body(content((PhotosForm = "multipart/form-data"), (Vec<u8> = "image/*"))),
    responses(
        (status = 204), (status = 401, body = Body), (status = 403, body = Body), (status = 404, body = Body),
        (status = 413, body = Body), (status = 415, body = Body), (status = 422, body = Body),
    ))]
#[put("/communities/{id}/picture")]
async fn put_community_picture(
    member: Member,
    id: web::Path<CommunityId>,
    request: HttpRequest,
    payload: web::Payload,
    service: web::Data<Service>,
    room: web::Data<UploadRoom>,
) -> Result<HttpResponse, Problem> {
    service.may_portray_community(member.into(), *id).await?;
    let received =
        photo_upload::receive_picture(&request, payload, room.of(member.account)).await?;
    service.portray_community(member.into(), *id, received.file).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The picture of a community, for whoever may know of it.
#[utoipa::path(tag = "communities", security((), ("token" = [])), params(("id" = CommunityId, Path)), responses(
    (status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = 304), (status = 401, body = Body),
    (status = 404, body = Body),
))]
#[get("/communities/{id}/picture")]
async fn community_picture(
    viewer: Viewer,
    id: web::Path<CommunityId>,
    request: HttpRequest,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let picture = commons.community_picture(viewer, *id).await??.ok_or(Problem::NotFound)?;
    Ok(answer::content(&request, Keep::Nobody, "image/jpeg", picture))
}

/// Takes a community's picture away. For its administrators.
#[utoipa::path(tag = "communities", security(("token" = [])), params(("id" = CommunityId, Path)), responses(
    (status = 204), (status = 401, body = Body), (status = 403, body = Body), (status = 404, body = Body),
))]
#[delete("/communities/{id}/picture")]
async fn delete_community_picture(
    member: Member,
    id: web::Path<CommunityId>,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let deleted = service.db.put_community_picture(member.into(), *id, None).await??;
    deleted.then(|| HttpResponse::NoContent().finish()).ok_or(Problem::NotFound)
}
