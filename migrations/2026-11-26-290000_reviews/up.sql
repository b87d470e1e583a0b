-- Reviews of what is published, and what comes of them. Every column is explained in src/privacy/inventory.rs.

-- Not tied to the rendition, which goes and comes with zones: who deletes an activity deletes these.
CREATE TABLE commons.reviews (
    review_id UUID PRIMARY KEY,
    activity_id UUID NOT NULL,
    -- Nobody, once they have left.
    reviewer_id UUID REFERENCES commons.members,
    rating SMALLINT NOT NULL CHECK (rating BETWEEN 1 AND 5),
    text TEXT,
    -- The day; of who has left the first of its month.
    written_on DATE NOT NULL,
    -- Whether others see it, and it counts: not while its reviewer lets nothing be done with their data, or is
    -- about to leave.
    is_shown BOOLEAN NOT NULL DEFAULT true,
    UNIQUE (activity_id, reviewer_id)
);
CREATE INDEX reviews_by_day ON commons.reviews (activity_id, written_on DESC, review_id DESC);
CREATE INDEX reviews_by_reviewer ON commons.reviews (reviewer_id);

-- The mean of the reviews that count, as it is shown and found by: to one decimal.
ALTER TABLE commons.renditions ADD COLUMN rating DOUBLE PRECISION;
ALTER TABLE commons.published ADD COLUMN rating DOUBLE PRECISION;
CREATE INDEX published_by_rating ON commons.published (coalesce(rating, 0) DESC, activity_id DESC);

CREATE FUNCTION commons.rating_of(activity UUID) RETURNS DOUBLE PRECISION
LANGUAGE sql STABLE
AS $$
    SELECT round(avg(rating), 1)::float8 FROM commons.reviews WHERE reviews.activity_id = $1 AND is_shown
$$;

-- What is published anew has the rating that it had.
CREATE FUNCTION commons.rate_rendition() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.rating := CASE WHEN NEW.visibility = 'published' THEN commons.rating_of(NEW.activity_id) END;
    RETURN NEW;
END
$$;
CREATE TRIGGER rate_rendition BEFORE INSERT OR UPDATE OF visibility ON commons.renditions
    FOR EACH ROW EXECUTE FUNCTION commons.rate_rendition();

CREATE FUNCTION commons.rate_published() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.rating := commons.rating_of(NEW.activity_id);
    RETURN NEW;
END
$$;
CREATE TRIGGER rate_published BEFORE INSERT ON commons.published
    FOR EACH ROW EXECUTE FUNCTION commons.rate_published();

-- Whatever becomes of reviews, the rating follows. Renditions are held before they are counted for, and in one
-- order: of two who write at once each counts the other.
CREATE FUNCTION commons.rate_reviewed() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
DECLARE
    reviewed UUID[] := ARRAY(SELECT DISTINCT changed.activity_id FROM changed);
BEGIN
    PERFORM 1 FROM commons.renditions
    WHERE renditions.activity_id = ANY (reviewed) ORDER BY renditions.activity_id FOR NO KEY UPDATE;
    UPDATE commons.renditions SET rating = commons.rating_of(renditions.activity_id)
    WHERE renditions.activity_id = ANY (reviewed) AND renditions.visibility = 'published';
    UPDATE commons.published SET rating = renditions.rating
    FROM commons.renditions
    WHERE renditions.activity_id = ANY (reviewed) AND published.activity_id = renditions.activity_id
        AND published.rating IS DISTINCT FROM renditions.rating;
    RETURN NULL;
END
$$;
CREATE TRIGGER rate_written AFTER INSERT ON commons.reviews REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION commons.rate_reviewed();
CREATE TRIGGER rate_rewritten AFTER UPDATE ON commons.reviews REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION commons.rate_reviewed();
CREATE TRIGGER rate_deleted AFTER DELETE ON commons.reviews REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION commons.rate_reviewed();
