-- The ledger in PostgreSQL (14 or later): what pools/ledger.py and pools/balances.py say, function by function.
-- The files run in the schema that `search_path` names, in the order
-- tables, balances, operations, and again whenever their text has changed.
--
-- The rules of these files:
-- 1. Who changes a balance holds the lock of its account, who reads or changes a reservation those of its id and of all
--    its accounts. They are waited for in one order; what is locked besides is only tried: nobody waits in a circle.
-- 2. The instant is read when the locks are held: on one balance, and for one id, it never goes back.
-- 3. Each statement sees what was committed when the locks had been taken: what reads a table is volatile, or stable
--    and called in an expression of its own.
-- 4. The work is committed without waiting for the disk, so that the locks last no longer than the work; the answer
--    leaves when all that it rests on is on the disk.

create table if not exists edition (number integer not null, digest text not null);

create table if not exists balances (
  account text collate "C",
  start_us bigint,
  settled numeric not null,
  reserved numeric not null,
  overrun numeric not null,
  granted numeric not null,
  ceiling numeric,
  until_us bigint,
  mark bigint not null,
  over_us bigint,  -- from here on no view reaches the window; null while that is not known
  primary key (account, start_us)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
create index if not exists balances_over on balances (over_us, account) where over_us is not null;

do $$ begin
  -- What a reservation holds in the account that stands at the same place in `accounts`.
  create type held as (start_us bigint, amount numeric, gate text, on_expiry text, refill numeric, per_us bigint,
    mark bigint, charged numeric);
  create type entry as (account text, amount numeric, ceiling numeric, gate text, on_expiry text, kind text,
    from_us bigint, until_us bigint, rollover numeric, carry boolean, grain_us bigint, grains bigint,
    refill numeric, per_us bigint, after_us bigint);
  -- The current window of an entry, and what counts against its limit, and beside it.
  create type standing as (own balances, settled numeric, reserved numeric, granted numeric, retry_us numeric);
exception when duplicate_object then null;
end $$;

create table if not exists reservations (
  id text collate "C" primary key,
  digest text not null,
  memo text not null,
  made_us bigint not null,
  expires_us bigint not null,
  state text not null,
  accounts text[] not null,
  held held[] not null
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
create index if not exists reservations_made on reservations (made_us);

-- The open reservations by their end. A table of its own, for its dead rows lie where every operation looks.
create table if not exists deadlines (
  expires_us bigint,
  id text collate "C",
  primary key (expires_us, id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, vacuum_index_cleanup = on);

create table if not exists revisions (policy text collate "C" primary key, revision text collate "C" not null);


-- Locks and instants.

create or replace function clock_us() returns bigint language sql as
$$ select (extract(epoch from clock_timestamp()) * 1000000)::bigint $$;

create or replace function lock_key(name text) returns bigint language sql stable as
$$ select hashtextextended(name, 'balances'::regclass::oid::bigint) $$;

create or replace function lock_all(names text[]) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(key)
  from (select distinct lock_key(name) as key from unnest(names) name order by key) sorted;
end $$;

create or replace function try_all(names text[]) returns boolean language plpgsql as $$
declare name text;
begin
  foreach name in array names loop
    if not pg_try_advisory_xact_lock(lock_key(name)) then return false; end if;
  end loop;
  return true;
end $$;

-- What has to be locked for a reservation: its accounts, and its id, for whoever does not find it yet.
create or replace function id_name(id text) returns text language sql immutable as $$ select '#' || id $$;

create or replace function names_of(known reservations) returns text[] language sql immutable as
$$ select known.accounts || id_name(known.id) $$;
