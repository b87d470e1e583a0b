//! The tables, as diesel knows them. A test holds them against the live database.

/// Who signs in.
pub mod identity {
    use super::commons::members;

    diesel::table! {
        identity.accounts (account_id) {
            account_id -> Uuid,
            email -> Bytea,
            password_hash -> Nullable<Text>,
            profile -> Bytea,
            locale -> Text,
            policy_version -> Text,
            policy_accepted_at -> Timestamptz,
            zones_version -> Int4,
            created_at -> Timestamptz,
            erase_at -> Nullable<Timestamptz>,
            restricted_at -> Nullable<Timestamptz>,
            last_contact_on -> Date,
            warnings -> Int2,
            warned_on -> Nullable<Date>,
        }
    }

    diesel::table! {
        identity.account_keys (account_id) {
            account_id -> Uuid,
            wrapped -> Bytea,
        }
    }

    diesel::table! {
        identity.addresses (email_hash) {
            email_hash -> Bytea,
            account_id -> Uuid,
        }
    }

    diesel::table! {
        identity.registrations (registration_id) {
            registration_id -> Uuid,
            email_hash -> Bytea,
            content -> Bytea,
            code_hash -> Nullable<Bytea>,
            attempts_left -> Int2,
            expires_at -> Timestamptz,
        }
    }

    diesel::table! {
        identity.sessions (account_id, session_id) {
            account_id -> Uuid,
            session_id -> Uuid,
            device -> Bytea,
            salt -> Bytea,
            generation -> Int4,
            created_at -> Timestamptz,
            rotated_at -> Timestamptz,
            expires_at -> Timestamptz,
        }
    }

    diesel::table! {
        identity.codes (account_id, purpose) {
            account_id -> Uuid,
            purpose -> Text,
            code_hash -> Bytea,
            attempts_left -> Int2,
            expires_at -> Timestamptz,
        }
    }

    diesel::table! {
        identity.known_networks (account_id, network_hash) {
            account_id -> Uuid,
            network_hash -> Bytea,
            seen_at -> Timestamptz,
        }
    }

    diesel::table! {
        identity.public_names (name_hash) {
            name_hash -> Bytea,
            account_id -> Nullable<Uuid>,
            free_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        identity.email_changes (account_id) {
            account_id -> Uuid,
            email -> Bytea,
            old_code_hash -> Bytea,
            new_code_hash -> Bytea,
            attempts_left -> Int2,
            expires_at -> Timestamptz,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(
        accounts,
        account_keys,
        addresses,
        registrations,
        sessions,
        codes,
        public_names,
        email_changes,
        members,
    );
}

/// What its owner alone reads.
pub mod vault {
    use super::commons::links as tokens;
    use super::identity::{account_keys, accounts};

    diesel::table! {
        vault.activities (account_id, activity_id) {
            account_id -> Uuid,
            activity_id -> Uuid,
            kind -> Text,
            sport -> Text,
            visibility -> Text,
            started_at -> Nullable<Timestamptz>,
            distance_m -> Float8,
            moving_s -> Nullable<Float8>,
            details -> Bytea,
            is_shown -> Bool,
            zones_version -> Int4,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            published_until -> Nullable<Timestamptz>,
            photos_version -> Int4,
        }
    }

    diesel::table! {
        vault.zones (account_id, zone_id) {
            account_id -> Uuid,
            zone_id -> Uuid,
            content -> Bytea,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
        }
    }

    diesel::table! {
        vault.links (account_id, activity_id, link_id) {
            account_id -> Uuid,
            activity_id -> Uuid,
            link_id -> Uuid,
            content -> Bytea,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        vault.blocks (account_id, member_id) {
            account_id -> Uuid,
            member_id -> Uuid,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        vault.consents (account_id, consent, decided_at) {
            account_id -> Uuid,
            consent -> Text,
            decided_at -> Timestamptz,
            is_given -> Bool,
        }
    }

    diesel::table! {
        vault.tracks (account_id, activity_id) {
            account_id -> Uuid,
            activity_id -> Uuid,
            track -> Bytea,
        }
    }

    diesel::table! {
        vault.originals (account_id, activity_id) {
            account_id -> Uuid,
            activity_id -> Uuid,
            blob -> Uuid,
            bytes -> Int8,
        }
    }

    diesel::table! {
        vault.archives (account_id, archive_id) {
            account_id -> Uuid,
            archive_id -> Uuid,
            direction -> Text,
            state -> Text,
            step -> Int4,
            done -> Int4,
            total -> Int4,
            progress -> Bytea,
            created_at -> Timestamptz,
            expires_at -> Timestamptz,
        }
    }

    diesel::table! {
        vault.archive_segments (account_id, archive_id, role, number) {
            account_id -> Uuid,
            archive_id -> Uuid,
            role -> Text,
            number -> Int4,
            blob -> Uuid,
            bytes -> Int8,
        }
    }

    diesel::table! {
        vault.access_log (account_id, at, entry_id) {
            account_id -> Uuid,
            at -> Timestamptz,
            entry_id -> Uuid,
            content -> Bytea,
        }
    }

    diesel::table! {
        vault.link_openings (account_id, activity_id, link_id, day) {
            account_id -> Uuid,
            activity_id -> Uuid,
            link_id -> Uuid,
            day -> Date,
            opened -> Int4,
        }
    }

    diesel::table! {
        vault.photos (account_id, photo_id) {
            account_id -> Uuid,
            photo_id -> Uuid,
            activity_id -> Uuid,
            rank -> Int4,
            is_cover -> Bool,
            state -> Text,
            details -> Bytea,
            original -> Uuid,
            original_bytes -> Int8,
            thumbnail -> Nullable<Uuid>,
            medium -> Nullable<Uuid>,
            large -> Nullable<Uuid>,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(activities, tracks, originals, account_keys);
    diesel::allow_tables_to_appear_in_same_query!(photos, account_keys);
    diesel::allow_tables_to_appear_in_same_query!(links, tokens);
    diesel::allow_tables_to_appear_in_same_query!(activities, accounts);
    diesel::allow_tables_to_appear_in_same_query!(archives, accounts);
    diesel::allow_tables_to_appear_in_same_query!(links, accounts);
    diesel::allow_tables_to_appear_in_same_query!(tokens, accounts);
}

/// What others may see.
pub mod commons {
    /// Words by their stems, for search.
    #[derive(diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "tsvector"))]
    pub struct TsVector;

    diesel::table! {
        commons.members (member_id) {
            member_id -> Uuid,
            public_name -> Text,
            is_hidden -> Bool,
        }
    }

    diesel::table! {
        commons.renditions (activity_id) {
            activity_id -> Uuid,
            author_id -> Nullable<Uuid>,
            visibility -> Text,
            kind -> Text,
            sport -> Text,
            title -> Text,
            description -> Nullable<Text>,
            day -> Nullable<Date>,
            statistics -> Json,
            waypoints -> Jsonb,
            track -> Nullable<Bytea>,
            hour -> Nullable<Timestamptz>,
            is_counted -> Bool,
            published_until -> Nullable<Timestamptz>,
            rating -> Nullable<Float8>,
        }
    }

    diesel::table! {
        use diesel::sql_types::{Date, Float8, Nullable, Text, Timestamptz, Uuid};
        use postgis_diesel::sql_types::Geography;
        use super::TsVector;

        commons.published (activity_id) {
            activity_id -> Uuid,
            start -> Geography,
            kind -> Text,
            sport -> Text,
            distance_m -> Float8,
            ascent_m -> Nullable<Float8>,
            author_id -> Nullable<Uuid>,
            published_until -> Nullable<Timestamptz>,
            day -> Nullable<Date>,
            moving_s -> Nullable<Float8>,
            line -> Geography,
            words -> TsVector,
            rating -> Nullable<Float8>,
        }
    }

    diesel::table! {
        use diesel::sql_types::{Date, Float8, Nullable, Text, Uuid};
        use postgis_diesel::sql_types::Geography;

        commons.community_starts (community_id, activity_id) {
            community_id -> Uuid,
            activity_id -> Uuid,
            start -> Geography,
            line -> Geography,
            author_id -> Nullable<Uuid>,
            kind -> Text,
            sport -> Text,
            day -> Nullable<Date>,
            distance_m -> Float8,
            ascent_m -> Nullable<Float8>,
            moving_s -> Nullable<Float8>,
        }
    }

    diesel::table! {
        use diesel::sql_types::{Int2, Uuid};
        use postgis_diesel::sql_types::Geometry;

        commons.published_lines (activity_id, zoom) {
            activity_id -> Uuid,
            zoom -> Int2,
            line -> Geometry,
            length_class -> Int2,
        }
    }

    diesel::table! {
        use diesel::sql_types::{Int2, Json, Uuid};
        use postgis_diesel::sql_types::Geometry;

        commons.published_waypoints (activity_id, number) {
            activity_id -> Uuid,
            number -> Int2,
            place -> Geometry,
            waypoint -> Json,
        }
    }

    diesel::table! {
        commons.title_words (word) {
            word -> Text,
            change -> Int4,
        }
    }

    diesel::table! {
        commons.start_counts (zoom, x, y) {
            zoom -> Int2,
            x -> Int4,
            y -> Int4,
            change -> Int4,
        }
    }

    diesel::table! {
        commons.heat_cells (zoom, x, y) {
            zoom -> Int2,
            x -> Int4,
            y -> Int4,
            members -> Int4,
        }
    }

    diesel::table! {
        commons.open_data (activity_id) {
            activity_id -> Uuid,
            published_id -> Nullable<Uuid>,
            issue -> Int4,
            withdrawn_on -> Nullable<Date>,
        }
    }

    diesel::table! {
        commons.open_data_issues (issue) {
            issue -> Int4,
            made_on -> Date,
            features -> Int4,
        }
    }

    diesel::table! {
        commons.links (token_hash) {
            token_hash -> Bytea,
            link_id -> Uuid,
            activity_id -> Uuid,
            password_hash -> Nullable<Text>,
            expires_at -> Nullable<Timestamptz>,
            opened -> Int4,
        }
    }

    diesel::table! {
        commons.communities (community_id) {
            community_id -> Uuid,
            name -> Text,
            description -> Nullable<Text>,
            visibility -> Text,
            version -> Int4,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        commons.memberships (community_id, member_id) {
            community_id -> Uuid,
            member_id -> Uuid,
            role -> Text,
            joined_at -> Timestamptz,
        }
    }

    diesel::table! {
        commons.membership_requests (community_id, member_id) {
            community_id -> Uuid,
            member_id -> Uuid,
            asked_at -> Timestamptz,
        }
    }

    diesel::table! {
        commons.bans (community_id, member_id) {
            community_id -> Uuid,
            member_id -> Uuid,
            banned_at -> Timestamptz,
            was_known -> Bool,
        }
    }

    diesel::table! {
        commons.community_activities (community_id, activity_id) {
            community_id -> Uuid,
            activity_id -> Uuid,
            author_id -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        commons.reviews (review_id) {
            review_id -> Uuid,
            activity_id -> Uuid,
            reviewer_id -> Nullable<Uuid>,
            rating -> Int2,
            text -> Nullable<Text>,
            written_on -> Date,
            is_shown -> Bool,
        }
    }

    diesel::table! {
        commons.photos (photo_id) {
            photo_id -> Uuid,
            activity_id -> Uuid,
            rank -> Int4,
            is_cover -> Bool,
            caption -> Nullable<Text>,
            alternative_text -> Nullable<Text>,
            place -> Nullable<Jsonb>,
            appearance -> Jsonb,
            key -> Bytea,
            thumbnail -> Uuid,
            medium -> Uuid,
            large -> Uuid,
        }
    }

    diesel::table! {
        commons.member_pictures (member_id) {
            member_id -> Uuid,
            picture -> Bytea,
        }
    }

    diesel::table! {
        commons.community_pictures (community_id) {
            community_id -> Uuid,
            picture -> Bytea,
        }
    }

    diesel::joinable!(photos -> renditions (activity_id));
    diesel::allow_tables_to_appear_in_same_query!(photos, renditions);
    diesel::allow_tables_to_appear_in_same_query!(photos, members);
    diesel::joinable!(renditions -> members (author_id));
    diesel::joinable!(reviews -> members (reviewer_id));
    diesel::allow_tables_to_appear_in_same_query!(reviews, members);
    diesel::joinable!(memberships -> members (member_id));
    diesel::joinable!(memberships -> communities (community_id));
    diesel::joinable!(membership_requests -> members (member_id));
    diesel::joinable!(membership_requests -> communities (community_id));
    diesel::joinable!(bans -> members (member_id));
    diesel::joinable!(bans -> communities (community_id));
    diesel::allow_tables_to_appear_in_same_query!(
        members,
        renditions,
        published,
        links,
        communities,
        memberships,
        membership_requests,
        bans,
        community_activities
    );
}

/// What keeps the service going.
pub mod ops {
    diesel::table! {
        ops.secrets (purpose, generation) {
            purpose -> Text,
            generation -> Int4,
            wrapped -> Bytea,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        ops.activity_ids (activity_id) {
            activity_id -> Uuid,
            account_id -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        ops.photo_ids (photo_id) {
            photo_id -> Uuid,
            account_id -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        ops.jobs (job_id) {
            job_id -> Uuid,
            account_id -> Nullable<Uuid>,
            kind -> Text,
            content -> Bytea,
            run_at -> Timestamptz,
            attempts -> Int2,
            lease -> Nullable<Uuid>,
            leased_until -> Nullable<Timestamptz>,
            failed_at -> Nullable<Timestamptz>,
            lane -> Text,
        }
    }

    diesel::table! {
        ops.schedule (task) {
            task -> Text,
            ran_at -> Timestamptz,
            done_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        ops.diagnostics (report_id) {
            report_id -> Uuid,
            content -> Bytea,
            received_at -> Timestamptz,
        }
    }

    diesel::table! {
        ops.throttles (subject) {
            subject -> Bytea,
            clear_at -> Timestamptz,
        }
    }

    diesel::table! {
        ops.erasures (erasure_id) {
            erasure_id -> Uuid,
            account_id -> Uuid,
            choices -> Bytea,
            remembered -> Nullable<Bytea>,
            texts -> Nullable<Bytea>,
            requested_at -> Timestamptz,
            erase_at -> Timestamptz,
            anonymised -> Int4,
            erased -> Int4,
            is_noted -> Bool,
            told_at -> Nullable<Timestamptz>,
            undone_at -> Nullable<Timestamptz>,
            done_at -> Nullable<Timestamptz>,
            expires_at -> Nullable<Timestamptz>,
            photos -> Int4,
        }
    }
}
