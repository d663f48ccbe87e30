-- The digest that stands after what the client wrote of each balance.
local function digest_of(n, text, at)
  for _ = 1, n do
    local flags
    flags, _, _, _, at = unpack_(KEPT, text, at)
    if flags >= 8 then at = at + 24 end
  end
  return (unpack_('<Ic0', text, at))
end

local function known(blob, tail, n, now)
  local _, held, _, _, pos = unpack_(HEAD, blob)
  if digest_of(held, blob, pos + HELD_SIZE * held) ~= digest_of(n, tail, 1) then return 'c' .. pack('<d', now) end
  return 'p' .. pack('<d', now) .. blob
end

-- keys: the soonest expiry, the reservation, the policy's revision, the accounts' latest windows
-- argv: horizon (ms), life and what is asked, what is kept, the revision if there is a policy
local function reserve(keys, argv)
  local now, space = instant(), space_of(keys[1])
  local got = fetched(space, keys, now, argv[1])
  local asked, tail, revision = argv[2], argv[3], argv[4]
  local n = #keys - 3
  if got[2] then return known(got[2], tail, n, now) end
  local newest = got[3] or ''
  if revision and revision ~= newest and precedes(revision, newest) then return 't' .. pack('<d', now) .. newest end

  local life, pos = unpack_('<d', asked)
  local expires = now + life
  local seen, refusals, heads, rows, placed = {}, {}, {}, {}, {}
  for i = 1, n do
    local key, latest = keys[i + 3], got[i + 3]
    local kind, gate, aw, ap, lw, lp, from, x, y, z, t
    kind, gate, aw, ap, lw, lp, from, x, y, z, t, pos = unpack_(ASKED, asked, pos)
    local start, sw, sp, rw, rp, ow, op, gw, gp, till, mark, row =
      current(space, key, latest, now, kind, lw, lp, from, x, y, z, t)
    if not start then return 'w' .. pack('<d', now) end
    local cw, cp, dw, dp, retry = counted(space, key, latest, kind, x, y, start, sw, sp, rw, rp, till, mark)
    row = row or pack(ROW, start, cw, cp, dw, dp, ow, op, gw, gp, lw, lp, retry, mark)
    seen[i] = row
    if gate ~= OPEN_GATE and (aw > 0 or ap > 0) then
      -- Room: limit + granted - settled (- reserved) - amount; the parts are within 4 * 10^12 of 0.
      local w, p = lw + gw - cw - aw, lp + gp - cp - ap
      if gate == RESERVE then w, p = w - dw, p - dp end
      if w + floor(p / PICO) < 0 then refusals[#refusals + 1] = pack('<H', i) .. row end
    end
    if kind == BUCKET then
      sw, sp = plus(sw, sp, aw, ap)
    else
      if gate ~= CHECK then rw, rp = plus(rw, rp, aw, ap) end
      mark = now
    end
    heads[i] = pack(HELD, start, mark, -1, 0)
    row = pack(ROW, start, sw, sp, rw, rp, ow, op, gw, gp, lw, lp, till, mark)
    put(rows, placed, key, latest, start, row, kind, kind == ROLLING and x * y or 0)
  end
  if refusals[1] then return 'f' .. pack('<d', now) .. concat(refusals) end

  if revision and revision ~= newest then call('SET', keys[3], revision) end
  call('ZADD', space.queue, expires, keys[2])
  wake(space, got[1], expires)
  rows[#rows + 1] = keys[2]
  rows[#rows + 1] = pack(HEAD, OPEN, n, now, expires) .. concat(heads) .. tail
  write(space, rows, placed, now)
  return 'h' .. pack('<dd', now, expires) .. concat(seen)
end

-- keys: the soonest expiry, the accounts' latest windows; argv: horizon, what is asked
local function look(keys, argv)
  local now, space = instant(), space_of(keys[1])
  local got = fetched(space, keys, now, argv[1])
  local seen, pos = {}, 1
  for i = 1, #keys - 1 do
    local key, latest = keys[i + 1], got[i + 1]
    local kind, _, lw, lp, from, x, y, z, t
    kind, _, _, _, lw, lp, from, x, y, z, t, pos = unpack_(ASKED, argv[2], pos)
    local start, sw, sp, rw, rp, ow, op, gw, gp, till, mark =
      current(space, key, latest, now, kind, lw, lp, from, x, y, z, t)
    if not start then return 'w' .. pack('<d', now) end
    sw, sp, rw, rp, till = counted(space, key, latest, kind, x, y, start, sw, sp, rw, rp, till, mark)
    seen[i] = pack(ROW, start, sw, sp, rw, rp, ow, op, gw, gp, lw, lp, till, mark)
  end
  return 'v' .. pack('<d', now) .. concat(seen)
end

-- keys: the soonest expiry, the account's latest window; argv: horizon, what is asked
local function grant(keys, argv)
  local now, space = instant(), space_of(keys[1])
  local got = fetched(space, keys, now, argv[1])
  local kind, _, aw, ap, lw, lp, from, x, y, z, t = unpack_(ASKED, argv[2])
  local start, sw, sp, rw, rp, ow, op, gw, gp, till, mark =
    current(space, keys[2], got[2], now, kind, lw, lp, from, x, y, z, t)
  if not start then return 'c' .. pack('<d', now) end
  gw, gp = plus(gw, gp, aw, ap)
  local rows, placed = {}, {}
  local row = pack(ROW, start, sw, sp, rw, rp, ow, op, gw, gp, lw, lp, till, mark)
  put(rows, placed, keys[2], got[2], start, row, kind, kind == ROLLING and x * y or 0)
  write(space, rows, placed, now)
  return 'g' .. pack('<d', now)
end

-- Whether the ended reservation in `blob` was settled with these amounts before.
local function is_same(space, blob, given, keys)
  local state, n, _, _, pos = unpack_(HEAD, blob)
  local at = pos + HELD_SIZE * n
  for _ = 1, n do
    local cw, cp, flags, aw, ap, name
    _, _, cw, cp, pos = unpack_(HELD, blob, pos)
    flags, aw, ap, name, at = unpack_(KEPT, blob, at)
    if flags >= 8 then at = at + 24 end
    local j = position(keys, space.latest .. name)
    if j then aw, ap = unpack_('<dd', given, 16 * j - 47) end
    local is_less = state == LATE and (aw < cw or (aw == cw and ap < cp))
    if not is_less and (aw ~= cw or ap ~= cp) then return false end
  end
  return true
end

-- keys: the soonest expiry, the reservation, latest windows of accounts; argv: horizon, an amount for each of them
local function settle(keys, argv)
  local now, space = instant(), space_of(keys[1])
  local got = fetched(space, keys, now, argv[1])
  local blob = got[2]
  if not blob then return 'u' .. pack('<d', now) end
  local state = byte(blob)
  if state == SETTLED or state == LATE then
    return (is_same(space, blob, argv[2], keys) and 'p' or 'c') .. pack('<d', now)
  end
  return finish(space, blob, state == OPEN and SETTLED or LATE, now, argv[1], keys[2], argv[2], keys, got)
end

-- keys: the soonest expiry, the reservation; argv: horizon
local function release(keys, argv)
  local now, space = instant(), space_of(keys[1])
  local blob = fetched(space, keys, now, argv[1])[2]
  if not blob then return 'u' .. pack('<d', now) end
  local state = byte(blob)
  if state == OPEN then return finish(space, blob, RELEASED, now, argv[1], keys[2], nil, {}, {}) end
  return (state == RELEASED and 'p' or state == EXPIRED and 'x' or 'c') .. pack('<d', now)
end

-- keys: the soonest expiry, the reservation; argv: horizon, life
local function extend(keys, argv)
  local now, space = instant(), space_of(keys[1])
  local got = fetched(space, keys, now, argv[1])
  local blob = got[2]
  if not blob then return 'u' .. pack('<d', now) end
  local state, n, made, expires, pos = unpack_(HEAD, blob)
  if state ~= OPEN then return (state == EXPIRED and 'x' or 'c') .. pack('<d', now) end
  expires = max(expires, now + tonumber(argv[2]))
  local rest, at, rows, placed = pos, pos + HELD_SIZE * n, {}, {}
  for _ = 1, n do
    local start, flags, name, fw, fp, per, _
    start, _, _, _, pos = unpack_(HELD, blob, pos)
    flags, _, _, name, at = unpack_(KEPT, blob, at)
    if flags >= 8 then fw, fp, per, at = unpack_(KEPT_BUCKET, blob, at) end
    local latest = call('GET', space.latest .. name)
    local row = window(space, name, start, latest)
    local sw, sp, rw, rp, ow, op, gw, gp, lw, lp, till, mark = 0, 0, 0, 0, 0, 0, 0, 0, huge, 0, huge, 0
    if row then _, sw, sp, rw, rp, ow, op, gw, gp, lw, lp, till, mark = unpack_(ROW, row) end
    if not per then
      mark = now
    elseif floor(now / per) > mark then
      sw, sp = flowed(sw, sp, fw, fp, floor(now / per) - mark)
      rw, rp, mark = 0, 0, floor(now / per)
    end
    row = pack(ROW, start, sw, sp, rw, rp, ow, op, gw, gp, lw, lp, till, mark)
    put(rows, placed, space.latest .. name, latest, start, row, nil, 0)
  end
  call('ZADD', space.queue, expires, keys[2])
  rows[#rows + 1] = keys[2]
  rows[#rows + 1] = pack(HEAD, OPEN, n, made, expires) .. sub(blob, rest)
  write(space, rows, placed, now)
  wake(space, got[1], expires)
  return 'e' .. pack('<dd', now, expires)
end

-- keys: the soonest expiry; argv: horizon. Answers how many expired, and whether there is more to be done.
local function sweep(keys, argv)
  local now, space = instant(), space_of(keys[1])
  local count = expire(space, now, argv[1])
  local horizon = tonumber(argv[1]) * 1000
  local over = call('ZRANGEBYSCORE', space.over, '-inf', now - horizon, 'LIMIT', 0, AT_ONCE)
  for i = 1, #over do
    local row = call('GET', space.older .. over[i])
    local rw, rp, till, _ = 0, 0, 0
    if row then _, _, _, rw, rp, _, _, _, _, _, _, till = unpack_(ROW, row) end
    if rw ~= 0 or rp ~= 0 then
      -- Somebody will settle in it yet.
      call('ZADD', space.over, now, over[i])
    elseif till < huge and till > now - horizon then
      call('ZADD', space.over, till, over[i])
    else
      call('ZREM', space.over, over[i])
      call('ZREM', space.index, over[i])
      call('DEL', space.older .. over[i])
    end
  end
  return { count, (count == AT_ONCE or #over == AT_ONCE) and 1 or 0 }
end

-- keys: the soonest expiry; argv: the first and the last member of the index, how many. Answers members and rows.
local function page(keys, argv)
  if not call then bind() end
  local space, found = space_of(keys[1]), {}
  local members = call('ZRANGEBYLEX', space.index, argv[1], argv[2], 'LIMIT', 0, argv[3])
  for i = 1, #members do
    found[2 * i - 1] = members[i]
    found[2 * i] = call('GET', space.latest .. members[i]) or call('GET', space.older .. members[i])
  end
  return found
end

redis.register_function(LIBRARY .. '_reserve', reserve)
redis.register_function(LIBRARY .. '_look', look)
redis.register_function(LIBRARY .. '_grant', grant)
redis.register_function(LIBRARY .. '_settle', settle)
redis.register_function(LIBRARY .. '_release', release)
redis.register_function(LIBRARY .. '_extend', extend)
redis.register_function(LIBRARY .. '_sweep', sweep)
redis.register_function(LIBRARY .. '_page', page)
