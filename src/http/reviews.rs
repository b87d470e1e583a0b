//! `/activities/{id}/reviews`: what members say of what others publish.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::body::Json;
use super::page::{self, Cursor, Page, PageQuery};
use super::present::MemberBody;
use super::problem::{Body, Problem};
use super::session::{Member, Now};
use crate::access::{Sealed, Viewer};
use crate::actions::Service;
use crate::db::Commons;
use crate::db::commons::{Opinion, Review, ReviewPosition, Wrote};
use crate::domain::{ActivityId, Rating, ReviewId, ReviewText};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(list_reviews).service(write_review).service(delete_review).service(own_reviews);
}

/// What somebody says of an activity.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Review)]
struct ReviewBody {
    id: ReviewId,
    /// Who; null when they have left.
    member: Option<MemberBody>,
    /// From 1 to 5.
    rating: i16,
    text: Option<String>,
    /// When they wrote it, in UTC; of who has left, the first day of that month.
    day: NaiveDate,
}

/// What one said oneself, and of what.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OwnReview)]
struct OwnReviewBody {
    id: ReviewId,
    /// Of which activity; whether others still see that is not told.
    activity: ActivityId,
    /// From 1 to 5.
    rating: i16,
    text: Option<String>,
    /// When it was written, in UTC.
    day: NaiveDate,
}

/// What to say of an activity.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = NewReview)]
#[serde(deny_unknown_fields)]
struct OpinionBody {
    /// From 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    rating: i16,
    /// Up to 2,000 characters.
    text: Option<String>,
}

/// What members say of a published activity, the newest first. Each caller does not see what those wrote whom they
/// keep away from, or who keep away from them.
#[utoipa::path(tag = "reviews", security((), ("token" = [])), params(("id" = ActivityId, Path), PageQuery),
    responses(
        (status = 200, body = Page<ReviewBody>), (status = 304), (status = 401, body = Body),
        (status = 404, body = Body, description = "It is not published, or not for who asks."),
        (status = 422, body = Body),
    ))]
#[get("/activities/{id}/reviews")]
async fn list_reviews(
    viewer: Viewer,
    id: web::Path<ActivityId>,
    query: web::Query<PageQuery>,
    Now(now): Now,
    request: HttpRequest,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let limit = page::limit(query.limit)?;
    let after = query.cursor.as_deref().map(ReviewPosition::parse).transpose()?;
    let found = commons.reviews(viewer, *id, after, limit, now).await?.and_then(Sealed::open);
    let found = found.ok_or(Problem::NotFound)?;
    let page = Page {
        items: found.items.iter().map(ReviewBody::from).collect(),
        next_cursor: found.next.map(Cursor::to_text),
    };
    answer::json(&request, Keep::Nobody, &page)
}

/// Says something of what somebody else published, under one's public name, to everyone who sees that. What one
/// said of it before is replaced. An account has at most 1,000 reviews, and writes 60 at once, then one a minute.
#[utoipa::path(tag = "reviews", security(("token" = [])), params(("id" = ActivityId, Path)), request_body = OpinionBody,
    responses(
        (status = 201, body = ReviewBody), (status = 200, body = ReviewBody, description = "It was replaced."),
        (status = 401, body = Body), (status = 404, body = Body),
        (status = 409, body = Body, description = "One lets nothing be done with one's data."),
        (status = 422, body = Body, description = "It is one's own, unfit, or one too many."),
        (status = 429, body = Body),
    ))]
#[post("/activities/{id}/reviews")]
async fn write_review(
    member: Member,
    id: web::Path<ActivityId>,
    Json(body): Json<OpinionBody>,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let opinion = Opinion {
        rating: Rating::try_from(body.rating)?,
        text: body.text.as_deref().map(ReviewText::try_from).transpose()?,
    };
    let (review, wrote) = service.review(member.account, *id, &opinion, now).await?;
    let status = match wrote {
        Wrote::First => StatusCode::CREATED,
        Wrote::Again => StatusCode::OK,
    };
    Ok(answer::made(status, &ReviewBody::from(&review)))
}

/// Deletes a review: its writer at any time, also when the activity is not published any more; the owner of the
/// activity while it is.
#[utoipa::path(tag = "reviews", security(("token" = [])),
    params(("id" = ActivityId, Path), ("review" = ReviewId, Path)),
    responses((status = 204), (status = 401, body = Body), (status = 404, body = Body)))]
#[delete("/activities/{id}/reviews/{review}")]
async fn delete_review(
    member: Member,
    path: web::Path<(ActivityId, ReviewId)>,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let (id, review) = path.into_inner();
    let is_deleted = service.db.delete_review(member.account, id, review, now).await?;
    is_deleted.then(|| HttpResponse::NoContent().finish()).ok_or(Problem::NotFound)
}

/// What one said of others' activities, the newest first, also of those that are not published any more: each can be
/// deleted there at any time.
#[utoipa::path(tag = "reviews", security(("token" = [])), params(PageQuery), responses(
    (status = 200, body = Page<OwnReviewBody>), (status = 304), (status = 401, body = Body), (status = 422, body = Body),
))]
#[get("/me/reviews")]
async fn own_reviews(
    member: Member,
    query: web::Query<PageQuery>,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let limit = page::limit(query.limit)?;
    let after = query.cursor.as_deref().map(ReviewPosition::parse).transpose()?;
    let found = service.db.own_reviews(member.account, after, limit).await?;
    answer::json(&request, Keep::Nobody, &Page::of(found, OwnReviewBody::from))
}

impl From<(ActivityId, Review)> for OwnReviewBody {
    fn from((activity, review): (ActivityId, Review)) -> Self {
        let ReviewBody { id, rating, text, day, .. } = ReviewBody::from(&review);
        Self { id, activity, rating, text, day }
    }
}

impl From<&Review> for ReviewBody {
    fn from(review: &Review) -> Self {
        Self {
            id: review.id,
            member: review.reviewer.as_ref().map(MemberBody::from),
            rating: review.opinion.rating.into(),
            text: review.opinion.text.as_ref().map(|text| text.as_str().to_owned()),
            day: review.day,
        }
    }
}
