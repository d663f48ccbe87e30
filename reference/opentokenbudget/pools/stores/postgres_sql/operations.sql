-- Ends.

-- End the open reservation `known`, and return what each account is charged: [account, amount, overrun or null].
create or replace function finish(known reservations, new_state text, amounts numeric[], now_us bigint)
returns jsonb language plpgsql as $$
declare
  booked jsonb := '[]';
  h held;
  own balances;
begin
  for i in 1 .. cardinality(known.held) loop
    h := known.held[i];
    own := current(known.accounts[i], h, now_us);
    perform put(ended(own, h, amounts[i], greatest(own.mark, mark_of(h, now_us))));
    booked := booked || jsonb_build_array(jsonb_build_array(
      known.accounts[i], amounts[i], case when amounts[i] > h.amount then amounts[i] - h.amount end));
    known.held[i].charged := amounts[i];
  end loop;
  delete from deadlines where expires_us = known.expires_us and id = known.id;
  update reservations set state = new_state, expires_us = now_us, held = known.held where id = known.id;
  return booked;
end $$;

-- The same for one that was ended before: only what is more than was charged then is booked, all of it as overrun.
create or replace function finish_late(known reservations, amounts numeric[], now_us bigint)
returns jsonb language plpgsql as $$
declare
  booked jsonb := '[]';
  own balances;
  more numeric;
begin
  for i in 1 .. cardinality(known.held) loop
    more := greatest(0, amounts[i] - coalesce(known.held[i].charged, 0));
    if more > 0 then
      own := current(known.accounts[i], known.held[i], now_us);
      own.settled := own.settled + more;
      own.overrun := own.overrun + more;
      own.mark := greatest(own.mark, mark_of(known.held[i], now_us));
      perform put(own);
      booked := booked || jsonb_build_array(jsonb_build_array(known.accounts[i], more, more));
    end if;
    known.held[i].charged := coalesce(known.held[i].charged, 0) + more;
  end loop;
  update reservations set state = 'late', expires_us = now_us, held = known.held where id = known.id;
  return booked;
end $$;

-- End what is due among the oldest: all that touches `names`, whose locks are held, and of the rest what nobody else is
-- at. Return the instant; or `wider`, the names that must be locked first because of what else is due on them.
create or replace function end_due(names text[], out now_us bigint, out count integer, out wider text[])
language plpgsql as $$
declare
  locked text[] := names;
  known reservations;
  due reservations[];
  its text[];
  more boolean;
begin
  count := 0;
  loop
    now_us := clock_us();
    if not exists (select from deadlines d where d.expires_us <= now_us) then return; end if;
    due := array(
      select r from (select * from deadlines d where d.expires_us <= now_us order by d.expires_us, d.id limit 1000) d
      join reservations r using (id)
      order by (names_of(r) && names) desc, d.expires_us, d.id limit 100);
    more := false;
    foreach known in array due loop
      its := names_of(known);
      if its <@ locked then continue; end if;
      if (its && names or cardinality(locked) < 500) and try_all(its) then
        locked := locked || its;
        more := true;
      elsif its && names then
        wider := coalesce(wider, names) || its;
      end if;
    end loop;
    if wider is not null then return; end if;
    exit when not more;
  end loop;
  foreach known in array due loop
    if names_of(known) <@ locked then
      perform finish(known, 'expired',
        array(select case when h.on_expiry = 'charge' then h.amount else 0 end from unnest(known.held) h), known.expires_us);
      count := count + 1;
    end if;
  end loop;
end $$;


-- The operations (pools/ledger.py). Each answers as json, null when it has to be begun again.

create or replace function entries_of(ask jsonb) returns entry[] language sql immutable as
$$ select case when ask ? 'entries' then array(select e from jsonb_populate_recordset(null::entry, ask->'entries') e) end $$;

create or replace function reserve(ask jsonb, entries entry[], now_us bigint) returns jsonb language plpgsql as $$
declare
  known reservations;
  newest text collate "C" := '';
  e entry;
  s standing;
  h held;
  standings standing[] := '{}';
  refusals jsonb := '[]';
  seen_before jsonb := '[]';
begin
  select * into known from reservations where id = ask->>'id';
  if found then
    if known.digest <> ask->>'digest' then return jsonb_build_object('is', 'conflict', 'at', now_us); end if;
    return jsonb_build_object('is', 'reserved', 'at', now_us, 'expires', known.expires_us, 'seen', '[]'::jsonb,
      'accounts', known.accounts, 'memo', known.memo, 'state', known.state, 'replayed', true);
  end if;
  if ask->>'policy' <> '' then
    newest := coalesce((select revision from revisions where policy = ask->>'policy'), '');
    if ask->>'revision' < newest then
      return jsonb_build_object('is', 'stale-policy', 'at', now_us, 'revision', newest);
    end if;
  end if;
  foreach e in array entries loop
    s := standing_of(e, now_us);
    if (s.own).account is null then return jsonb_build_object('is', 'wrong-window', 'at', now_us); end if;
    standings := standings || s;
    if e.gate <> 'open' and not fits(
      case when e.gate = 'reserve' then s.settled + s.reserved else s.settled end, e.amount, e.ceiling, s.granted
    ) then
      refusals := refusals || seen(s);
    end if;
    seen_before := seen_before || seen(s);
  end loop;
  if refusals <> '[]' then return jsonb_build_object('is', 'refused', 'at', now_us, 'refusals', refusals); end if;
  known.id := ask->>'id';
  known.accounts := '{}';
  known.held := '{}';
  known.expires_us := now_us + (ask->>'life')::bigint;
  foreach e in array entries loop
    s := standings[cardinality(known.held) + 1];
    h := row((s.own).start_us, e.amount, e.gate, e.on_expiry, case when e.kind = 'bucket' then e.refill end,
      case when e.kind = 'bucket' then e.per_us end, case when e.kind = 'bucket' then (s.own).mark else now_us end, null);
    perform put(holding(s.own, h, e.ceiling));
    known.accounts := known.accounts || e.account;
    known.held := known.held || h;
  end loop;
  if ask->>'policy' <> '' and ask->>'revision' <> newest then
    insert into revisions values (ask->>'policy', ask->>'revision')
    on conflict (policy) do update set revision = greatest(revisions.revision, excluded.revision);
  end if;
  insert into reservations
  values (known.id, ask->>'digest', ask->>'memo', now_us, known.expires_us, 'open', known.accounts, known.held);
  insert into deadlines values (known.expires_us, known.id);
  return jsonb_build_object('is', 'reserved', 'at', now_us, 'expires', known.expires_us, 'seen', seen_before,
    'accounts', known.accounts, 'memo', ask->>'memo', 'state', 'open', 'replayed', false);
end $$;

create or replace function look(entries entry[], now_us bigint) returns jsonb language plpgsql stable as $$
declare
  e entry;
  s standing;
  found_now jsonb := '[]';
begin
  foreach e in array entries loop
    s := standing_of(e, now_us);
    if (s.own).account is null then return jsonb_build_object('is', 'wrong-window', 'at', now_us); end if;
    found_now := found_now || seen(s);
  end loop;
  return jsonb_build_object('is', 'seen', 'at', now_us, 'seen', found_now);
end $$;

-- Look without a lock, in one snapshot; null when something is due and has to be ended first. What is seen may not be on
-- the disk yet: nothing is promised by it.
create or replace function glance(entries entry[]) returns jsonb language plpgsql stable as $$
declare now_us bigint := clock_us();
begin
  if exists (select from deadlines where expires_us <= now_us) then return null; end if;
  return look(entries, now_us);
end $$;

create or replace function settle(known reservations, actuals jsonb, now_us bigint) returns jsonb language plpgsql as $$
declare
  amounts numeric[] := '{}';
  is_same boolean := true;
  charged numeric;
begin
  for i in 1 .. cardinality(known.held) loop
    amounts := amounts || coalesce((actuals->>known.accounts[i])::numeric, known.held[i].amount);
    charged := coalesce(known.held[i].charged, 0);
    is_same := is_same and (amounts[i] = charged or (known.state = 'late' and amounts[i] < charged));
  end loop;
  if known.state in ('settled', 'late') then
    return jsonb_build_object('is', case when is_same then 'replayed' else 'conflict' end, 'at', now_us);
  elsif known.state = 'open' then
    return jsonb_build_object('is', 'settled', 'at', now_us, 'booked', finish(known, 'settled', amounts, now_us));
  end if;
  return jsonb_build_object('is', 'late', 'at', now_us, 'booked', finish_late(known, amounts, now_us));
end $$;

create or replace function release(known reservations, now_us bigint) returns jsonb language plpgsql as $$
begin
  if known.state = 'open' then
    return jsonb_build_object('is', 'released', 'at', now_us, 'booked',
      finish(known, 'released', array_fill(0::numeric, array[cardinality(known.held)]), now_us));
  end if;
  return jsonb_build_object('at', now_us, 'is',
    case known.state when 'released' then 'replayed' when 'expired' then 'expired' else 'conflict' end);
end $$;

create or replace function extend(known reservations, life_us bigint, now_us bigint) returns jsonb language plpgsql as $$
declare
  own balances;
  until_us bigint := greatest(known.expires_us, now_us + life_us);
begin
  if known.state <> 'open' then
    return jsonb_build_object('is', case known.state when 'expired' then 'expired' else 'conflict' end, 'at', now_us);
  end if;
  for i in 1 .. cardinality(known.held) loop
    own := current(known.accounts[i], known.held[i], now_us);
    own.mark := greatest(own.mark, mark_of(known.held[i], now_us));
    perform put(own);
  end loop;
  update deadlines set expires_us = until_us where expires_us = known.expires_us and id = known.id;
  update reservations set expires_us = until_us where id = known.id;
  return jsonb_build_object('is', 'extended', 'at', now_us, 'expires', until_us);
end $$;

create or replace function raise_limit(e entry, now_us bigint) returns jsonb language plpgsql as $$
declare
  s standing := standing_of(e, now_us);
  own balances := s.own;
begin
  if own.account is null then return jsonb_build_object('is', 'conflict', 'at', now_us); end if;
  own.granted := own.granted + e.amount;
  own.ceiling := e.ceiling;
  -- A session begins with it.
  if e.kind = 'idle' then own.mark := now_us; end if;
  perform put(own);
  return jsonb_build_object('is', 'granted', 'at', now_us);
end $$;

-- Do what is asked of the reservation `ask->>'id'`; null when its accounts are not those that were locked.
create or replace function move(operation text, ask jsonb, names text[], now_us bigint) returns jsonb
language plpgsql as $$
declare known reservations;
begin
  select * into known from reservations where id = ask->>'id';
  if not found then return jsonb_build_object('is', 'unknown', 'at', now_us); end if;
  if not names_of(known) <@ names then return null; end if;
  case operation
    when 'settle' then return settle(known, ask->'actuals', now_us);
    when 'release' then return release(known, now_us);
    when 'extend' then return extend(known, (ask->>'life')::bigint, now_us);
  end case;
end $$;

-- Forget reservations that ended before `before_us`, a bounded number of them; return how many.
create or replace function forget_reservations(before_us bigint) returns jsonb language plpgsql as $$
declare forgotten integer;
begin
  delete from reservations where id in (
    select id from reservations where made_us < before_us and state <> 'open' and expires_us <= before_us
    order by made_us limit 1000 for update skip locked);
  get diagnostics forgotten = row_count;
  return jsonb_build_object('forgotten', forgotten);
end $$;

-- Forget windows that nothing reaches since `before_us` or earlier, but the latest of each account; a bounded number is
-- looked at, from `after` on. Return where to go on, null at the end.
create or replace function forget_windows(before_us bigint, after jsonb) returns jsonb language plpgsql as $$
declare
  batch balances[];
  last balances;
begin
  batch := array(
    select b from balances b
    where over_us <= before_us and (over_us, account) > (coalesce((after->>0)::bigint, 0), coalesce(after->>1, ''))
    order by over_us, account limit 1000 for update skip locked);
  delete from balances b using unnest(batch) o
  where b.account = o.account and b.start_us = o.start_us and o.reserved = 0
    and exists (select from balances later where later.account = o.account and later.start_us > o.start_us);
  last := batch[cardinality(batch)];
  return jsonb_build_object('after', case when last.account is not null then jsonb_build_array(last.over_us, last.account) end);
end $$;


-- What clients call.

-- Wait until all that has been done so far is as durable as this server makes a commit.
create or replace function await_disk() returns void language plpgsql as $$
begin
  if current_setting('synchronous_commit') <> 'off' and (
    pg_current_wal_flush_lsn() < pg_current_wal_insert_lsn() or current_setting('synchronous_standby_names') <> ''
  ) then
    -- A record of a few bytes: the commit of this transaction takes all records before it to the disk.
    perform pg_logical_emit_message(true, 'otb', '');
  end if;
end $$;

create or replace function names_for(operation text, ask jsonb, entries entry[]) returns text[] language plpgsql as $$
begin
  case operation
    when 'settle', 'release', 'extend' then
      return coalesce((select names_of(r) from reservations r where r.id = ask->>'id'), array[id_name(ask->>'id')]);
    when 'reserve' then return array(select e.account from unnest(entries) e) || id_name(ask->>'id');
    when 'sweep' then
      return array(
        select distinct unnest(names_of(r)) from
        (select id from deadlines where expires_us <= clock_us() order by expires_us, id limit 100) d
        join reservations r using (id));
    when 'forget' then return '{}';
    else return array(select e.account from unnest(entries) e);
  end case;
end $$;

create or replace procedure run(operation text, ask jsonb, inout answer jsonb) language plpgsql as $$
declare
  entries entry[] := entries_of(ask);
  names text[];
  wider text[] := '{}';
  due record;
begin
  answer := null;
  if operation = 'look' then
    answer := glance(entries);
    if answer is not null then return; end if;
  end if;
  loop
    perform set_config('synchronous_commit', 'off', true);
    names := names_for(operation, ask, entries) || wider;
    perform lock_all(names);
    due := end_due(names);
    if due.wider is not null then
      wider := due.wider;
    else
      answer := case operation
        when 'reserve' then reserve(ask, entries, due.now_us)
        when 'look' then look(entries, due.now_us)
        when 'grant' then raise_limit(entries[1], due.now_us)
        when 'sweep' then jsonb_build_object('ended', due.count)
        when 'forget' then
          case when ask ? 'after' then forget_windows(due.now_us - (ask->>'horizon')::bigint, ask->'after')
          else forget_reservations(due.now_us - (ask->>'horizon')::bigint) end
        else move(operation, ask, names, due.now_us)
      end;
      exit when answer is not null;
    end if;
    rollback;
  end loop;
  commit;
  perform await_disk();
  -- Not left to the end of the call, for there its timeout holds no more: a standby that is away would keep us for ever.
  commit;
end $$;
