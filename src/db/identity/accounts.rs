//! Accounts and their keys.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::profiles::{self, Private};
use super::registrations::Registration;
use super::{email_hash, names};
use crate::db::schema::commons::members;
use crate::db::schema::identity::{account_keys, accounts, addresses};
use crate::db::stop::{Stop, outcome};
use crate::db::{Db, Error};
use crate::domain::{AccountId, Email, Invalid, Locale, PersonName, Professional, PublicName};
use crate::privacy::anonymity::Names;
use crate::privacy::former_names::FormerNames;
use crate::seal::{AccountKey, Keyring};

pub(super) const TABLE: &str = "identity.accounts";

/// An account, as its owner sees it.
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Where mail goes.
    pub email: Email,
    /// What others see, and what they do not.
    pub profile: Profile,
    /// What they tell of their work: never shown to others.
    pub professional: Professional,
    /// What they were called before.
    pub former_names: FormerNames,
    /// The policy that was accepted last.
    pub policy_version: String,
    /// When it was.
    pub policy_accepted_at: DateTime<Utc>,
    /// Since when it exists.
    pub created_at: DateTime<Utc>,
}

/// What a person tells of themself.
#[derive(Clone)]
pub struct Profile {
    /// What others see.
    pub public_name: PublicName,
    /// Never shown to others.
    pub given_name: Option<PersonName>,
    /// Never shown to others.
    pub family_name: Option<PersonName>,
    /// The language of mails.
    pub locale: Locale,
}

impl Profile {
    /// Every name that a person gave.
    pub fn names(&self) -> Vec<&str> {
        let optional = [&self.given_name, &self.family_name].into_iter().flatten();
        let names = std::iter::once(self.public_name.as_str());
        names.chain(optional.map(PersonName::as_str)).collect()
    }
}

impl Account {
    /// All that they are called: their names and their address.
    pub(super) fn called(&self) -> Names {
        Names::of(self.profile.names(), self.email.as_str())
    }
}

/// What a sign-in is checked against.
pub struct Credentials {
    /// Whose.
    pub account: AccountId,
    /// Argon2id, as a PHC string; `None` where no password was ever chosen.
    pub password_hash: Option<String>,
    /// When the account is erased, if its owner has asked for that.
    pub erase_at: Option<DateTime<Utc>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts, check_for_backend(diesel::pg::Pg))]
struct Row {
    account_id: Uuid,
    email: Vec<u8>,
    profile: Vec<u8>,
    locale: String,
    policy_version: String,
    policy_accepted_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

impl Db {
    /// An account, for its owner.
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, Error> {
        find(&mut *self.conn().await?, &self.keyring, id).await
    }

    /// Makes an account without a mailed code: for the operator. `None` when the address has one.
    pub async fn insert_account(
        &self,
        registration: &Registration,
        now: DateTime<Utc>,
    ) -> Result<Result<Option<AccountId>, Invalid>, Error> {
        let id = AccountId::random();
        let conn = &mut *self.conn().await?;
        let made = conn
            .transaction(async |conn| insert(conn, &self.keyring, id, registration, now).await)
            .await;
        Ok(outcome(made)?.map(|made| made.then_some(id)))
    }

    /// What a sign-in with `email` is checked against.
    pub async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, Error> {
        let found: Option<(Uuid, Option<String>, Option<DateTime<Utc>>)> = addresses::table
            .inner_join(accounts::table.on(accounts::account_id.eq(addresses::account_id)))
            .filter(addresses::email_hash.eq(email_hash(&self.keyring, email)))
            .select((accounts::account_id, accounts::password_hash, accounts::erase_at))
            .first(&mut *self.conn().await?)
            .await
            .optional()?;
        Ok(found.map(|(account, password_hash, erase_at)| Credentials {
            account: account.into(),
            password_hash,
            erase_at,
        }))
    }

    /// Keeps another hash of the same password, unless another password was chosen meanwhile.
    pub async fn renew_password_hash(
        &self,
        id: AccountId,
        from: &str,
        to: &str,
    ) -> Result<(), Error> {
        diesel::update(accounts::table.find(Uuid::from(id)))
            .filter(accounts::password_hash.eq(from))
            .set(accounts::password_hash.eq(to))
            .execute(&mut *self.conn().await?)
            .await?;
        Ok(())
    }
}

pub(in crate::db) async fn find(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    id: AccountId,
) -> Result<Option<Account>, Error> {
    let found: Option<(Row, Vec<u8>, String)> = accounts::table
        .inner_join(account_keys::table.on(account_keys::account_id.eq(accounts::account_id)))
        .inner_join(members::table.on(members::member_id.eq(accounts::account_id)))
        .filter(accounts::account_id.eq(Uuid::from(id)))
        .select((Row::as_select(), account_keys::wrapped, members::public_name))
        .first(conn)
        .await
        .optional()?;
    found.map(|(row, wrapped, name)| open(keyring, &row, &wrapped, &name)).transpose()
}

/// Makes the account that a registration asked for. `false` when its address has one already; stops when
/// somebody bears its name by now.
pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    id: AccountId,
    registration: &Registration,
    now: DateTime<Utc>,
) -> Result<bool, Stop<Invalid>> {
    let claimed = diesel::insert_into(addresses::table)
        .values((
            addresses::email_hash.eq(email_hash(keyring, &registration.email)),
            addresses::account_id.eq(Uuid::from(id)),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    if claimed == 0 {
        return Ok(false);
    }
    let (key, wrapped) = keyring.master.new_account_key(id);
    let Profile { given_name, family_name, .. } = registration.profile.clone();
    let private = Private {
        given_name,
        family_name,
        professional: Professional::default(),
        former_names: FormerNames::default(),
    };
    diesel::insert_into(accounts::table)
        .values((
            accounts::account_id.eq(Uuid::from(id)),
            accounts::email.eq(seal_email(&key, &registration.email)),
            accounts::password_hash.eq(&registration.password_hash),
            accounts::profile.eq(profiles::seal(&key, &private)?),
            accounts::locale.eq(registration.profile.locale.name()),
            accounts::policy_version.eq(&registration.policy_version),
            accounts::policy_accepted_at.eq(registration.asked_at),
            accounts::created_at.eq(now),
            accounts::last_contact_on.eq(now.date_naive()),
        ))
        .execute(conn)
        .await?;
    diesel::insert_into(account_keys::table)
        .values((account_keys::account_id.eq(Uuid::from(id)), account_keys::wrapped.eq(wrapped)))
        .execute(conn)
        .await?;
    diesel::insert_into(members::table)
        .values((
            members::member_id.eq(Uuid::from(id)),
            members::public_name.eq(registration.profile.public_name.as_str()),
        ))
        .execute(conn)
        .await?;
    match names::bear(conn, keyring, id, &registration.profile.public_name, now).await? {
        Ok(()) => Ok(true),
        Err(taken) => Err(Stop::Undone(taken)),
    }
}

/// The account of `email`, if it has one.
pub(in crate::db) async fn find_account(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    email: &Email,
) -> Result<Option<AccountId>, Error> {
    let found: Option<Uuid> = addresses::table
        .find(email_hash(keyring, email))
        .select(addresses::account_id)
        .first(conn)
        .await
        .optional()?;
    Ok(found.map(AccountId::from))
}

/// Holds an account until the transaction ends, so that of what is done at once each sees what was done before; an
/// error when its owner has left.
pub(in crate::db) async fn hold_account(
    conn: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<(), Error> {
    let held: Option<Uuid> = accounts::table
        .find(Uuid::from(account))
        .filter(accounts::erase_at.is_null())
        .select(accounts::account_id)
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    held.map(drop).ok_or(Error::NoAccount)
}

/// The key that seals what belongs to `account`.
pub(in crate::db) async fn account_key(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    account: AccountId,
) -> Result<AccountKey, Error> {
    let wrapped: Option<Vec<u8>> = account_keys::table
        .find(Uuid::from(account))
        .select(account_keys::wrapped)
        .first(conn)
        .await
        .optional()?;
    let wrapped = wrapped.ok_or(Error::NoAccount)?;
    Ok(keyring.master.account_key(account, &wrapped)?)
}

/// An address as it lies in its account.
pub(super) fn seal_email(key: &AccountKey, email: &Email) -> Vec<u8> {
    key.seal(TABLE, "email", key.account().into(), email.as_str().as_bytes())
}

fn open(keyring: &Keyring, row: &Row, wrapped: &[u8], public_name: &str) -> Result<Account, Error> {
    let id = AccountId::from(row.account_id);
    let key = keyring.master.account_key(id, wrapped)?;
    let email = key.open(TABLE, "email", row.account_id, &row.email)?;
    let email = std::str::from_utf8(&email).ok().and_then(|text| Email::try_from(text).ok());
    let Private { given_name, family_name, professional, former_names } =
        profiles::open(&key, &row.profile)?;
    Ok(Account {
        id,
        email: email.ok_or(Error::Corrupt("identity.accounts.email"))?,
        profile: Profile {
            public_name: PublicName::try_from(public_name)
                .map_err(|_| Error::Corrupt("commons.members.public_name"))?,
            given_name,
            family_name,
            locale: parse_locale(&row.locale)?,
        },
        professional,
        former_names,
        policy_version: row.policy_version.clone(),
        policy_accepted_at: row.policy_accepted_at,
        created_at: row.created_at,
    })
}

pub(super) fn parse_locale(stored: &str) -> Result<Locale, Error> {
    Locale::try_from(stored).map_err(|_| Error::Corrupt("identity.accounts.locale"))
}
