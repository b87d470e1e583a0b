//! Privacy zones: places that their owner keeps to themself. A change of zones and what it does to
//! others' view are one transaction.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::commons;
use crate::db::identity::{account_key, hold_account};
use crate::db::ops::{Job, enqueue};
use crate::db::schema::identity::{account_keys, accounts};
use crate::db::schema::vault::{activities, zones};
use crate::db::{Db, Error};
use crate::domain::{AccountId, ActivityId, Position, Visibility, ZoneId, ZoneLabel, ZoneRadius};
use crate::seal::AccountKey;
use crate::track;
use crate::track::cut::grid::Grid;

const TABLE: &str = "vault.zones";

/// The most zones that an account has.
pub const ZONES_MAX: usize = 50;

/// A place that its owner keeps to themself.
#[derive(Clone)]
pub struct Zone {
    /// Its id.
    pub id: ZoneId,
    /// What is hidden.
    pub place: HiddenPlace,
    /// Counts its changes, from 1.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

/// What a zone hides.
#[derive(Clone, PartialEq)]
pub struct HiddenPlace {
    /// What its owner calls it.
    pub label: ZoneLabel,
    /// The place itself.
    pub position: Position,
    /// How far around it.
    pub radius: ZoneRadius,
}

/// What an account hides at a time.
#[derive(Clone)]
pub struct Shading {
    /// Counts the changes of the account's zones.
    pub version: i32,
    /// The circles.
    pub zones: Vec<track::Zone>,
    /// What decides which places share a circle; see [`track::Zone::around`].
    pub grid: Grid,
    /// Whether its owner lets nothing be done with the data: then all of it is hidden.
    pub hides_all: bool,
}

/// What an account shared under which zones when it was looked at.
pub struct Sight {
    /// See [`Shading::version`].
    zones_version: i32,
    /// The activities that others see, or are to see, in their versions.
    shared: Vec<(Uuid, i32)>,
}

/// How far the remaking of what others see has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remade {
    /// How many shared activities are as the zones say.
    pub done: i64,
    /// How many there are.
    pub total: i64,
}

/// What became of a change of zones.
pub enum Zoned {
    /// It is kept.
    Kept(Box<Zone>),
    /// The zone was changed or deleted meanwhile, or its id is taken.
    Stale,
    /// There are as many as there may be.
    Full,
}

#[derive(Serialize, Deserialize)]
struct Content {
    label: String,
    longitude: f64,
    latitude: f64,
    radius_m: f64,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = zones, check_for_backend(diesel::pg::Pg))]
struct Row {
    zone_id: Uuid,
    content: Vec<u8>,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl HiddenPlace {
    /// Whether it hides the same circle as another.
    pub fn hides_as(&self, other: &Self) -> bool {
        self.position == other.position && self.radius == other.radius
    }
}

impl Shading {
    /// The circles that hide `places`, on the grid of the account that `key` is of.
    pub fn new<'a>(
        key: &AccountKey,
        version: i32,
        places: impl IntoIterator<Item = &'a HiddenPlace>,
    ) -> Self {
        let grid = Grid::moved(key.random_pair("zones"));
        let circle = |place: &HiddenPlace| {
            let (lat, lon) = (place.position.latitude(), place.position.longitude());
            track::Zone::around(lat, lon, place.radius.metres(), grid)
        };
        let zones = places.into_iter().map(circle).collect();
        Self { version, zones, grid, hides_all: false }
    }
}

impl Sight {
    /// The activities that others see, or are to see.
    pub fn shared(&self) -> impl Iterator<Item = ActivityId> {
        self.shared.iter().map(|(id, _)| ActivityId::from(*id))
    }

    /// Whether all is as it was looked at; it stays so until the transaction ends.
    async fn still_holds(
        &self,
        conn: &mut AsyncPgConnection,
        account: AccountId,
    ) -> Result<bool, Error> {
        let locked = lock(conn, account).await?;
        Ok(locked == self.zones_version && shared(conn, account).await? == self.shared)
    }
}

impl Db {
    /// What `account` shares now, and under which zones.
    pub async fn sight(&self, account: AccountId) -> Result<Sight, Error> {
        let conn = &mut *self.conn().await?;
        let zones_version = version(conn, account).await?;
        Ok(Sight { zones_version, shared: shared(conn, account).await? })
    }

    /// The zones of `account`, in the order in which they were made.
    pub async fn zones(&self, account: AccountId) -> Result<Vec<Zone>, Error> {
        let conn = &mut *self.conn().await?;
        let key = account_key(conn, &self.keyring, account).await?;
        load(conn, &key).await
    }

    /// What `account` hides now.
    pub async fn shading(&self, account: AccountId) -> Result<Shading, Error> {
        let conn = &mut *self.conn().await?;
        // Read first: should the zones change in between, what is made with these is out of date.
        let (version, hides_all, wrapped): (_, _, Vec<u8>) = accounts::table
            .inner_join(account_keys::table.on(account_keys::account_id.eq(accounts::account_id)))
            .filter(accounts::account_id.eq(Uuid::from(account)))
            .select((
                accounts::zones_version,
                accounts::restricted_at.is_not_null(),
                account_keys::wrapped,
            ))
            .first(conn)
            .await?;
        let key = self.keyring.master.account_key(account, &wrapped)?;
        let zones = load(conn, &key).await?;
        let shading = Shading::new(&key, version, zones.iter().map(|zone| &zone.place));
        Ok(Shading { hides_all, ..shading })
    }

    /// How many shared activities are as the zones say.
    pub async fn remade(&self, account: AccountId) -> Result<Remade, Error> {
        let conn = &mut *self.conn().await?;
        let version = version(conn, account).await?;
        let shared = activities::table
            .filter(activities::account_id.eq(Uuid::from(account)))
            .filter(activities::visibility.ne(Visibility::Private.name()));
        let total = shared.count().get_result(conn).await?;
        let done = shared.filter(activities::zones_version.eq(version)).count();
        Ok(Remade { done: done.get_result(conn).await?, total })
    }

    /// Makes a zone. Until what others see is remade, they see nothing of the account: never what
    /// the zone hides. `made` says when it was made, and changed last.
    pub async fn insert_zone(
        &self,
        account: AccountId,
        id: ZoneId,
        place: &HiddenPlace,
        made: (DateTime<Utc>, DateTime<Utc>),
        now: DateTime<Utc>,
    ) -> Result<Zoned, Error> {
        let conn = &mut *self.conn().await?;
        let key = account_key(conn, &self.keyring, account).await?;
        conn.transaction(async |conn| {
            lock(conn, account).await?;
            let kept: i64 = zones::table
                .filter(zones::account_id.eq(Uuid::from(account)))
                .count()
                .get_result(conn)
                .await?;
            if usize::try_from(kept).is_ok_and(|kept| ZONES_MAX <= kept) {
                return Ok(Zoned::Full);
            }
            let content = seal(&key, id, place)?;
            let Some(row) = insert(conn, account, id, content, made).await? else {
                return Ok(Zoned::Stale);
            };
            self.hide_all(conn, account, now).await?;
            Ok(Zoned::Kept(Box::new(open(&key, &row)?)))
        })
        .await
    }

    /// Puts another place in the place of a zone's, if it, the account's zones and what it shares are as
    /// they were looked at. If it hides another circle, others see nothing until what they see is remade.
    pub async fn change_zone(
        &self,
        account: AccountId,
        zone: &Zone,
        place: &HiddenPlace,
        sight: &Sight,
        now: DateTime<Utc>,
    ) -> Result<Zoned, Error> {
        let conn = &mut *self.conn().await?;
        let key = account_key(conn, &self.keyring, account).await?;
        conn.transaction(async |conn| {
            if !sight.still_holds(conn, account).await? {
                return Ok(Zoned::Stale);
            }
            let content = seal(&key, zone.id, place)?;
            let Some(row) = change(conn, account, zone, content, now).await? else {
                return Ok(Zoned::Stale);
            };
            if !zone.place.hides_as(place) {
                self.hide_all(conn, account, now).await?;
            }
            Ok(Zoned::Kept(Box::new(open(&key, &row)?)))
        })
        .await
    }

    /// Deletes a zone, if it, the account's zones and what it shares are as they were looked at;
    /// `false` when not.
    /// What others see stays as it is until it is remade: it shows less than it might.
    pub async fn delete_zone(
        &self,
        account: AccountId,
        zone: &Zone,
        sight: &Sight,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            if !sight.still_holds(conn, account).await? {
                return Ok(false);
            }
            let row = zones::table.find((Uuid::from(account), Uuid::from(zone.id)));
            let deleted = diesel::delete(row.filter(zones::version.eq(zone.version)));
            if deleted.execute(conn).await? == 0 {
                return Ok(false);
            }
            self.outdate_all(conn, account, now).await?;
            Ok(true)
        })
        .await
    }

    /// Enqueues the making of what others see of an account's activities.
    pub async fn enqueue_remaking(
        &self,
        account: AccountId,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let job = Job::RemakeRenditions { account };
        enqueue(&mut *self.conn().await?, &self.keyring, Some(account), &job, now).await
    }

    /// Enqueues the same for every account of which something that is shared was made under other zones
    /// than now, or by other rules: a change of the rules counts all zones up.
    pub async fn enqueue_all_remaking(&self, now: DateTime<Utc>) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        let outdated: Vec<Uuid> = activities::table
            .inner_join(accounts::table.on(accounts::account_id.eq(activities::account_id)))
            .filter(activities::visibility.ne(Visibility::Private.name()))
            .filter(activities::zones_version.ne(accounts::zones_version))
            .filter(accounts::restricted_at.is_null())
            .filter(accounts::erase_at.is_null())
            .select(activities::account_id)
            .distinct()
            .load(conn)
            .await?;
        for account in outdated {
            let job = Job::RemakeRenditions { account: account.into() };
            enqueue(conn, &self.keyring, Some(account.into()), &job, now).await?;
        }
        Ok(())
    }

    /// Takes away what others see of an account's activities, until it is made anew.
    pub(super) async fn hide_all(
        &self,
        conn: &mut AsyncPgConnection,
        account: AccountId,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        // In the order in which a deletion goes, so that neither waits for the other for ever.
        let shown = activities::account_id.eq(Uuid::from(account)).and(activities::is_shown);
        activities::table
            .filter(shown)
            .order(activities::activity_id)
            .select(activities::activity_id)
            .for_update()
            .execute(conn)
            .await?;
        diesel::update(activities::table.filter(shown))
            .set(activities::is_shown.eq(false))
            .execute(conn)
            .await?;
        commons::withdraw_all(conn, account).await?;
        self.outdate_all(conn, account, now).await
    }

    /// From here on, nothing that was made with the zones before is stored: whoever makes it holds
    /// the account's row while they store it.
    pub(super) async fn outdate_all(
        &self,
        conn: &mut AsyncPgConnection,
        account: AccountId,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        diesel::update(accounts::table.find(Uuid::from(account)))
            .set(accounts::zones_version.eq(accounts::zones_version + 1))
            .execute(conn)
            .await?;
        let job = Job::RemakeRenditions { account };
        enqueue(conn, &self.keyring, Some(account), &job, now).await
    }
}

/// Lets nobody else change the account's zones, or store what was made with them, until the
/// transaction ends. Counts their changes so far. An error when their owner has left.
pub(super) async fn lock(conn: &mut AsyncPgConnection, account: AccountId) -> Result<i32, Error> {
    hold_account(conn, account).await?;
    version(conn, account).await
}

async fn shared(
    conn: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<Vec<(Uuid, i32)>, Error> {
    Ok(activities::table
        .filter(activities::account_id.eq(Uuid::from(account)))
        .filter(activities::visibility.ne(Visibility::Private.name()))
        .order(activities::activity_id)
        .select((activities::activity_id, activities::version))
        .load(conn)
        .await?)
}

/// Counts the changes of an account's zones so far.
pub(super) async fn version(
    conn: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<i32, Error> {
    let account = accounts::table.find(Uuid::from(account));
    let version = account.select(accounts::zones_version).first(conn).await.optional()?;
    version.ok_or(Error::NoAccount)
}

/// Whether the zones are still those of `version`; they stay so until the transaction ends. An error when
/// their owner has left: nothing of theirs is shown any more.
pub(super) async fn still_stand(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    version: i32,
) -> Result<bool, Error> {
    let current: Option<i32> = accounts::table
        .find(Uuid::from(account))
        .filter(accounts::erase_at.is_null())
        .select(accounts::zones_version)
        .for_share()
        .first(conn)
        .await
        .optional()?;
    Ok(current.ok_or(Error::NoAccount)? == version)
}

async fn load(conn: &mut AsyncPgConnection, key: &AccountKey) -> Result<Vec<Zone>, Error> {
    let rows: Vec<Row> = zones::table
        .filter(zones::account_id.eq(Uuid::from(key.account())))
        .order((zones::created_at, zones::zone_id))
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.iter().map(|row| open(key, row)).collect()
}

async fn insert(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    id: ZoneId,
    content: Vec<u8>,
    (created_at, updated_at): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Option<Row>, Error> {
    Ok(diesel::insert_into(zones::table)
        .values((
            zones::account_id.eq(Uuid::from(account)),
            zones::zone_id.eq(Uuid::from(id)),
            zones::content.eq(content),
            zones::created_at.eq(created_at),
            zones::updated_at.eq(updated_at),
        ))
        .on_conflict_do_nothing()
        .returning(Row::as_returning())
        .get_result(conn)
        .await
        .optional()?)
}

async fn change(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    zone: &Zone,
    content: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<Option<Row>, Error> {
    let row = zones::table.find((Uuid::from(account), Uuid::from(zone.id)));
    Ok(diesel::update(row.filter(zones::version.eq(zone.version)))
        .set((
            zones::content.eq(content),
            zones::version.eq(zone.version + 1),
            zones::updated_at.eq(now),
        ))
        .returning(Row::as_returning())
        .get_result(conn)
        .await
        .optional()?)
}

fn seal(key: &AccountKey, id: ZoneId, place: &HiddenPlace) -> Result<Vec<u8>, Error> {
    let content = Content {
        label: place.label.as_str().to_owned(),
        longitude: place.position.longitude(),
        latitude: place.position.latitude(),
        radius_m: place.radius.metres(),
    };
    let json = serde_json::to_vec(&content).map_err(|_| Error::Corrupt("vault.zones.content"))?;
    Ok(key.seal(TABLE, "content", id.into(), &json))
}

fn open(key: &AccountKey, row: &Row) -> Result<Zone, Error> {
    let corrupt = || Error::Corrupt("vault.zones.content");
    let json = key.open(TABLE, "content", row.zone_id, &row.content)?;
    let content: Content = serde_json::from_slice(&json).map_err(|_| corrupt())?;
    let place = HiddenPlace {
        label: ZoneLabel::try_from(content.label.as_str()).map_err(|_| corrupt())?,
        position: Position::new(content.longitude, content.latitude).map_err(|_| corrupt())?,
        radius: ZoneRadius::try_from(content.radius_m).map_err(|_| corrupt())?,
    };
    Ok(Zone {
        id: row.zone_id.into(),
        place,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::MasterKey;

    #[test]
    fn zones_and_ends_stand_on_the_grid_of_the_account() {
        let master = MasterKey::parse_file(&MasterKey::generate_file()).unwrap();
        let (key, wrapped) = master.new_account_key(AccountId::random());
        let place = HiddenPlace {
            label: ZoneLabel::try_from("Home").unwrap(),
            position: Position::new(8.5, 47.2).unwrap(),
            radius: ZoneRadius::try_from(400.0).unwrap(),
        };
        let Shading { zones, grid, .. } = Shading::new(&key, 1, [&place]);
        assert!(zones == [track::Zone::around(47.2, 8.5, 400.0, grid)]);
        let again = master.account_key(key.account(), &wrapped).unwrap();
        assert_eq!(Shading::new(&again, 2, []).grid, grid);
        let (other, _) = master.new_account_key(AccountId::random());
        assert_ne!(Shading::new(&other, 1, []).grid, grid);
    }
}
