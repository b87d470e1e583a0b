//! An owner's own activities, newest first.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::activities::{Activity, Row, seal};
use crate::access::{Owned, Sealed, Viewer};
use crate::db::identity::account_key;
use crate::db::schema::vault::activities;
use crate::db::slice::one_more;
use crate::db::{Db, Error, Slice};
use crate::domain::{AccountId, ActivityId, Kind, Sport, Visibility};

/// Which activities to list; all of them by default.
#[derive(Default)]
pub struct ActivityFilter {
    /// One of these.
    pub ids: Option<Vec<ActivityId>>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// Of this sport.
    pub sport: Option<Sport>,
    /// Of this visibility.
    pub visibility: Option<Visibility>,
    /// Begun at this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Begun before this time.
    pub to: Option<DateTime<Utc>>,
    /// With this in the title or description, whatever the case.
    pub text: Option<String>,
}

/// A place in the list: just after this activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListPosition {
    /// When it began, or was kept.
    pub at: DateTime<Utc>,
    /// Which it is.
    pub id: ActivityId,
}

impl ListPosition {
    /// The place just after `activity`.
    pub fn after(activity: &Activity) -> Self {
        Self { at: activity.started_at.unwrap_or(activity.created_at), id: activity.id }
    }
}

/// When an activity began, or was kept: what the list is sorted by.
const LISTED_AT: &str = "COALESCE(started_at, created_at)";

/// How many activities are looked at for one page when a text is looked for: titles are sealed, so
/// each is opened.
const SEARCHED_MAX: usize = 200;

impl Db {
    /// Up to `limit` activities of `account` that pass `filter`, newest first, from `after` on. When
    /// a text is looked for there may be fewer, even none, before the list is at its end.
    pub async fn activities(
        &self,
        account: AccountId,
        filter: &ActivityFilter,
        after: Option<ListPosition>,
        limit: usize,
    ) -> Result<Slice<Owned<Activity>, ListPosition>, Error> {
        let conn = &mut *self.conn().await?;
        let key = account_key(conn, &self.keyring, account).await?;
        let looked_at = if filter.text.is_some() { SEARCHED_MAX } else { limit };
        let query = page(account, filter, after).limit(one_more(looked_at));
        let rows: Vec<Row> = query.select(Row::as_select()).load(conn).await?;
        let Slice { items, next } = Slice::of(rows, looked_at, Row::position);
        let mut found = Vec::new();
        for row in &items {
            let sealed = seal(Viewer::Member(account), &key, row)?;
            let Some(activity) = Sealed::claim(sealed) else { continue };
            if filter.text.as_deref().is_none_or(|text| mentions(&activity, text)) {
                found.push(activity);
            }
            if limit < found.len() {
                return Ok(Slice::of(found, limit, |activity| ListPosition::after(activity)));
            }
        }
        Ok(Slice { items: found, next })
    }
}

fn page(
    account: AccountId,
    filter: &ActivityFilter,
    after: Option<ListPosition>,
) -> activities::BoxedQuery<'static, Pg> {
    let listed_at = || sql::<Timestamptz>(LISTED_AT);
    let mut query = activities::table
        .filter(activities::account_id.eq(Uuid::from(account)))
        .order((listed_at().desc(), activities::activity_id.desc()))
        .into_boxed();
    if let Some(ids) = &filter.ids {
        let ids: Vec<Uuid> = ids.iter().copied().map(Uuid::from).collect();
        query = query.filter(activities::activity_id.eq_any(ids));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(activities::kind.eq(kind.name()));
    }
    if let Some(sport) = filter.sport {
        query = query.filter(activities::sport.eq(sport.name()));
    }
    if let Some(visibility) = filter.visibility {
        query = query.filter(activities::visibility.eq(visibility.name()));
    }
    if let Some(from) = filter.from {
        query = query.filter(listed_at().ge(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(listed_at().lt(to));
    }
    if let Some(after) = after {
        let earlier = listed_at().lt(after.at);
        let same = listed_at().eq(after.at).and(activities::activity_id.lt(Uuid::from(after.id)));
        query = query.filter(earlier.or(same));
    }
    query
}

fn mentions(activity: &Activity, text: &str) -> bool {
    let text = text.to_lowercase();
    let details = &activity.details;
    let description = details.description.as_ref().map_or("", |description| description.as_str());
    [details.title.as_str(), description].iter().any(|field| field.to_lowercase().contains(&text))
}
