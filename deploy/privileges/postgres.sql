-- The role and the schema that lictord needs; run it in the database that is to hold
-- them, as its owner or a superuser. lictord makes its tables itself, in the one
-- schema that the role owns, and can do nothing outside of it.
CREATE ROLE lictor LOGIN PASSWORD 'CHANGE-ME' NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;
CREATE SCHEMA lictor AUTHORIZATION lictor;
ALTER ROLE lictor SET search_path = lictor;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
