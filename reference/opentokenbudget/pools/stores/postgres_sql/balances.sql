-- One balance (pools/balances.py).

create or replace function fits(used numeric, amount numeric, ceiling numeric, granted numeric) returns boolean
language sql immutable as $$ select ceiling is null or amount = 0 or used + amount <= ceiling + granted $$;

create or replace function fresh(account text, start_us bigint, granted numeric, until_us bigint, mark bigint)
returns balances language sql immutable as
$$ select row(account, start_us, 0, 0, 0, granted, null, until_us, mark, null)::balances $$;

create or replace function drained(own balances, refill numeric, tick bigint) returns balances
language plpgsql immutable as $$
begin
  if tick > own.mark then
    own.settled := greatest(0, own.settled - refill * (tick - own.mark));
    own.reserved := 0;
    own.mark := tick;
  end if;
  return own;
end $$;

create or replace function handed_on(before balances, gap boolean, ceiling numeric, rollover numeric, carry boolean)
returns numeric language plpgsql immutable as $$
declare rest numeric;
begin
  if gap then
    return case when rollover is null or ceiling is null then 0 else least(rollover, ceiling) end;
  end if;
  if before.ceiling is null then return 0; end if;
  rest := before.ceiling + before.granted - before.settled;
  if rest - before.reserved > 0 then
    return case when rollover is null then 0 else least(rollover, rest - before.reserved) end;
  end if;
  return case when carry and rest < 0 then rest else 0 end;
end $$;

create or replace function holding(own balances, h held, new_ceiling numeric) returns balances
language plpgsql immutable as $$
begin
  if h.per_us is not null then own.settled := own.settled + h.amount;
  elsif h.gate <> 'check' then own.reserved := own.reserved + h.amount;
  end if;
  own.ceiling := new_ceiling;
  own.mark := h.mark;
  return own;
end $$;

create or replace function ended(own balances, h held, actual numeric, now_mark bigint) returns balances
language plpgsql immutable as $$
declare back numeric;
begin
  own.overrun := own.overrun + greatest(0, actual - h.amount);
  if h.per_us is not null then
    back := h.amount - actual;
    if back > 0 then back := greatest(0, back - h.refill * (now_mark - h.mark)); end if;
    own.settled := greatest(0, own.settled - back);
  else
    own.settled := own.settled + actual;
    if h.gate <> 'check' then own.reserved := own.reserved - h.amount; end if;
  end if;
  own.mark := now_mark;
  return own;
end $$;


-- The books.

create or replace function put(own balances) returns void language plpgsql as $$
begin
  insert into balances select own.*
  on conflict (account, start_us) do update set (settled, reserved, overrun, granted, ceiling, until_us, mark, over_us)
    = (excluded.settled, excluded.reserved, excluded.overrun, excluded.granted, excluded.ceiling, excluded.until_us,
       excluded.mark, greatest(excluded.over_us, balances.over_us));
end $$;

create or replace function latest(name text) returns balances language plpgsql stable as $$
declare found_last balances;
begin
  select * into found_last from balances where account = name order by start_us desc limit 1;
  return found_last;
end $$;

-- The balance that `h` was taken from, at this moment.
create or replace function current(name text, h held, now_us bigint) returns balances language plpgsql stable as $$
declare own balances;
begin
  select * into own from balances where account = name and start_us = h.start_us;
  if not found then own := fresh(name, h.start_us, 0, null, 0); end if;
  return case when h.per_us is null then own else drained(own, h.refill, now_us / h.per_us) end;
end $$;

create or replace function mark_of(h held, now_us bigint) returns bigint language sql immutable as
$$ select case when h.per_us is null then now_us else now_us / h.per_us end $$;


-- Views of the current window; null when the window that an entry names is not current.

create or replace function span_of(e entry, now_us bigint) returns standing language plpgsql stable as $$
declare
  own balances;
  before balances;
  gap boolean;
  granted numeric := 0;
begin
  if now_us < e.from_us or now_us >= e.until_us then return null; end if;
  select * into own from balances where account = e.account and start_us = e.from_us;
  if not found then
    if e.rollover is not null or e.carry then
      before := latest(e.account);
      if before.account is not null then
        gap := before.until_us is distinct from e.from_us;
        granted := handed_on(before, gap, e.ceiling, e.rollover, e.carry);
      end if;
    end if;
    own := fresh(e.account, e.from_us, granted, e.until_us, 0);
  end if;
  own.over_us := e.until_us;
  return row(own, own.settled, own.reserved, own.granted, e.until_us)::standing;
end $$;

create or replace function rolling_of(e entry, now_us bigint) returns standing language plpgsql stable as $$
declare
  own balances;
  start bigint := now_us - now_us % e.grain_us;
  sums record;
begin
  select coalesce(sum(settled), 0) as settled, coalesce(sum(reserved), 0) as reserved, coalesce(sum(granted), 0) as granted
  into sums
  from balances where account = e.account and start_us >= start - e.grains * e.grain_us;
  select * into own from balances where account = e.account and start_us = start;
  if not found then own := fresh(e.account, start, 0, start + e.grain_us, 0); end if;
  own.over_us := start + (e.grains + 1) * e.grain_us;
  return row(own, sums.settled, sums.reserved, sums.granted, start + e.grain_us)::standing;
end $$;

create or replace function bucket_of(e entry, now_us bigint) returns standing language plpgsql stable as $$
declare
  own balances;
  tick bigint := now_us / e.per_us;
  missing numeric;
  retry_us numeric;
begin
  select * into own from balances where account = e.account and start_us = 0;
  if found then own := drained(own, e.refill, tick);
  else own := fresh(e.account, 0, 0, null, tick);
  end if;
  if e.amount <= e.ceiling + own.granted and e.refill > 0 then
    missing := own.settled + e.amount - e.ceiling - own.granted;
    retry_us := (tick + greatest(1, div(missing + e.refill - 1, e.refill))) * e.per_us;
  end if;
  return row(own, own.settled, 0, own.granted, retry_us)::standing;
end $$;

create or replace function idle_of(e entry, now_us bigint) returns standing language plpgsql stable as $$
declare own balances := latest(e.account);
begin
  if own.account is null or now_us - own.mark >= e.after_us then
    return row(fresh(e.account, now_us, 0, null, 0), 0, 0, 0, null)::standing;
  end if;
  return row(own, own.settled, own.reserved, own.granted, own.mark + e.after_us)::standing;
end $$;

create or replace function standing_of(e entry, now_us bigint) returns standing language sql stable as $$
  select case e.kind
    when 'span' then span_of(e, now_us)
    when 'rolling' then rolling_of(e, now_us)
    when 'bucket' then bucket_of(e, now_us)
    when 'idle' then idle_of(e, now_us)
  end
$$;

-- The standing as it is answered, in an array, for it is put into one.
create or replace function seen(s standing) returns jsonb language sql immutable as $$
  select jsonb_build_array(jsonb_build_array(
    (s.own).account, (s.own).start_us, s.settled, s.reserved, s.granted, s.retry_us))
$$;
