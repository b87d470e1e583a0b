//! Points of interest of what is published, wherever they lie.

use chrono::{DateTime, Utc};

use super::renditions::{Finding, Found, Rendition, page};
use super::search::{Bounds, Meets, SearchPosition};
use super::sought::{Sought, write_shown};
use crate::access::{Viewer, Visible};
use crate::db::slice::one_more;
use crate::db::statement::Value;
use crate::db::{Commons, Error, Slice};
use crate::domain::ActivityId;
use crate::track::PublicWaypoint;

/// Which points of interest.
pub struct Places {
    /// Within this box.
    pub within: Option<Bounds>,
    /// Of these activities.
    pub sought: Sought,
    /// From here on.
    pub after: Option<SearchPosition>,
    /// At most so many.
    pub limit: usize,
}

/// A point of interest, and whose it is.
pub struct InterestingPlace {
    /// What it belongs to.
    pub rendition: Visible<Rendition>,
    /// Which one of it, counted from 0.
    pub number: usize,
}

impl InterestingPlace {
    fn of((rendition, number): (Visible<Rendition>, f64)) -> Option<Self> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is an index"
        )]
        let number = number as usize;
        (number < rendition.waypoints.len()).then_some(Self { rendition, number })
    }

    /// The place itself.
    pub fn waypoint(&self) -> &PublicWaypoint {
        &self.rendition.waypoints[self.number]
    }
}

impl Commons {
    /// Points of interest as everyone sees them, those of an activity together.
    pub async fn places(
        &self,
        places: &Places,
        now: DateTime<Utc>,
    ) -> Result<Slice<InterestingPlace, SearchPosition>, Error> {
        let conn = &mut *self.conn().await?;
        let viewer = Viewer::Anonymous;
        let place = |found: &Found, key| SearchPosition { key, id: found.id() };
        let finding = places.statement(viewer, now);
        let Slice { items, next } = page(conn, viewer, finding, places.limit, now, place).await?;
        Ok(Slice { items: items.into_iter().filter_map(InterestingPlace::of).collect(), next })
    }

    /// One of them; `None` when its activity is not published, or has none of that number.
    pub async fn place(
        &self,
        activity: ActivityId,
        number: u16,
        now: DateTime<Utc>,
    ) -> Result<Option<InterestingPlace>, Error> {
        let rendition = self.rendition(Viewer::Anonymous, activity, now).await?;
        let rendition = rendition.and_then(crate::access::Sealed::open);
        Ok(rendition.and_then(|rendition| InterestingPlace::of((rendition, number.into()))))
    }
}

impl Places {
    fn statement(&self, viewer: Viewer, now: DateTime<Utc>) -> Finding {
        let mut statement = Finding::new(
            "SELECT activity_id, number::float8 FROM commons.published_waypoints \
             JOIN commons.published USING (activity_id) WHERE true",
        );
        if let Some(bounds) = &self.within {
            bounds.write(&mut statement, "place", Meets::Itself);
        }
        self.sought.write(&mut statement);
        write_shown(&mut statement, viewer, now);
        if let Some(SearchPosition { key, id }) = self.after {
            statement.sql(" AND (activity_id, number) > (").bind(Value::Id(Some(id.into())));
            statement.sql(", ").bind(Value::Double(key)).sql(")");
        }
        statement.sql(" ORDER BY activity_id, number LIMIT ");
        statement.bind(Value::Count(one_more(self.limit)));
        statement
    }
}
