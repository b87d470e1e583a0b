//! Changes to an activity, with the commons made to agree in the same transaction.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use super::activities::{Activity, Details, Row, seal, seal_details};
use super::originals;
use crate::access::{Owned, Sealed, Viewer};
use crate::db::commons::{self, Shared};
use crate::db::identity::account_key;
use crate::db::ops::blobs;
use crate::db::schema::vault::activities;
use crate::db::{Db, Error};
use crate::domain::{Description, Sport, Title, Visibility};

/// What an activity shall be after a change.
pub struct Change {
    /// Its sport.
    pub sport: Sport,
    /// Its title.
    pub title: Title,
    /// Whether its owner chose the title.
    pub title_is_chosen: bool,
    /// Its description.
    pub description: Option<Description>,
    /// Whether its owner wrote the description.
    pub description_is_chosen: bool,
    /// Whom it reaches.
    pub audience: Audience,
}

/// Whom an activity reaches, and with what: there is no rendition without an audience, and no
/// audience without a rendition.
pub enum Audience {
    /// Its owner alone.
    Nobody,
    /// Everyone.
    Everyone(Box<Shared>),
}

impl Change {
    /// The title that others see: its owner's, else the sport.
    pub fn public_title(&self) -> Title {
        if self.title_is_chosen { self.title.clone() } else { Title::of_sport(self.sport) }
    }

    /// The description that others see: its owner's, else none.
    pub fn public_description(&self) -> Option<&Description> {
        self.description.as_ref().filter(|_| self.description_is_chosen)
    }
}

impl Audience {
    const fn visibility(&self) -> Visibility {
        match self {
            Self::Nobody => Visibility::Private,
            Self::Everyone(_) => Visibility::Published,
        }
    }
}

impl Db {
    /// Keeps a change of `activity` and makes the commons agree with it, all or nothing. `None` when
    /// it was changed or deleted meanwhile; then nothing is done.
    pub async fn save_activity(
        &self,
        activity: &Owned<Activity>,
        change: &Change,
        now: DateTime<Utc>,
    ) -> Result<Option<Sealed<Activity>>, Error> {
        let conn = &mut *self.conn().await?;
        let key = account_key(conn, &self.keyring, activity.owner).await?;
        let details = Details {
            title: change.title.clone(),
            title_is_chosen: change.title_is_chosen,
            description: change.description.clone(),
            description_is_chosen: change.description_is_chosen,
            ..activity.details.clone()
        };
        let row = conn
            .transaction(async |conn| {
                let row = diesel::update(
                    activities::table
                        .find((Uuid::from(activity.owner), Uuid::from(activity.id)))
                        .filter(activities::version.eq(activity.version)),
                )
                .set((
                    activities::sport.eq(change.sport.name()),
                    activities::visibility.eq(change.audience.visibility().name()),
                    activities::details.eq(seal_details(&key, activity.id, &details)?),
                    activities::version.eq(activity.version + 1),
                    activities::updated_at.eq(now),
                ))
                .returning(Row::as_returning())
                .get_result(conn)
                .await
                .optional()?;
                let Some(row) = row else { return Ok(None) };
                match &change.audience {
                    Audience::Nobody => commons::withdraw(conn, activity.id).await?,
                    Audience::Everyone(shared) => {
                        commons::publish(conn, activity, change, shared).await?;
                    }
                }
                Ok::<_, Error>(Some(row))
            })
            .await?;
        row.map(|row| seal(Viewer::Member(activity.owner), &key, &row)).transpose()
    }

    /// Deletes an activity, what was made of it, and by a job its file.
    pub async fn delete_activity(
        &self,
        activity: &Owned<Activity>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            // Locked first: a publish that is under way is over then, and what it made is seen.
            let row = activities::table.find((Uuid::from(activity.owner), Uuid::from(activity.id)));
            row.select(activities::version).for_update().first::<i32>(conn).await.optional()?;
            commons::withdraw(conn, activity.id).await?;
            let blob = originals::delete(conn, activity.owner, activity.id).await?;
            diesel::delete(row).execute(conn).await?;
            if let Some(blob) = blob {
                blobs::erase(conn, &self.keyring, activity.owner, blob, now).await?;
            }
            Ok(())
        })
        .await
    }
}
