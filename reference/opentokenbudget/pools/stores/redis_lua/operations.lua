-- Every operation has one key, the hash of the namespace; where its arguments end, fields of the hash begin.

-- The digest that stands after what the client wrote of each balance.
local function digest_of(n, text, at)
  for _ = 1, n do
    local flags
    flags, _, _, _, _, at = unpack_(KEPT, text, at)
    if flags >= 24 then at = at + 24 end
  end
  return (unpack_('<Ic0', text, at))
end

local function known(blob, tail, n, now)
  local state, count, moving, _, _, pos = unpack_(HEAD, blob)
  if state ~= OPEN then pos = pos + AMOUNT_SIZE * count end
  if digest_of(count, blob, pos + HELD_SIZE * moving) ~= digest_of(n, tail, 1) then
    return 'c' .. pack('<d', now)
  end
  return 'p' .. pack('<d', now) .. blob
end

-- argv: horizon, life and what is asked; what is kept; the revision; and fields: the reservation, the policy (none: `v`),
-- the accounts' latest windows
local function reserve(keys, argv)
  local now, space = instant(), space_of(keys[1])
  local asked, tail, revision, id = argv[1], argv[2], argv[3], argv[4]
  local got, due, first, number = fetched(space, argv, 4, now)
  local n = #argv - 5
  if got[2] then return known(got[2], tail, n, now) end
  local newest = got[3] or ''
  local is_newer = revision ~= newest and argv[5] ~= 'v'
  if is_newer and precedes(revision, newest) then return 't' .. pack('<d', now) .. newest end

  local _, life, pos = unpack_('<dd', asked)
  local expires = now + life
  local seen, held, moving, refusals, placed = '', '', 0, nil, nil
  local written, filled = { 'd', false, id, false, false, false }, 4
  for i = 1, n do
    local field, latest = argv[i + 5], got[i + 3]
    local kind, gate, aw, ap, lw, lp, from, x, y, z, t
    kind, gate, lw, lp, from, x, y, z, t, aw, ap, pos = unpack_(ASKED, asked, pos)
    local start, sw, sp, rw, rp, ow, op, gw, gp, till, mark, row, _
    if kind == SPAN and latest then
      -- As `current` and `read` do, at once.
      start, sw, sp, rw, rp, _, _, till, mark = unpack_(ROW, latest)
      ow, op, gw, gp, row = 0, 0, 0, 0, latest
      if #latest > ROW_SIZE then ow, op, gw, gp = unpack_(MORE, latest, ROW_SIZE + 1) end
    end
    if start ~= from or now < from or now >= x then
      start, sw, sp, rw, rp, ow, op, gw, gp, till, mark, row =
        current(space, field, latest, now, kind, lw, lp, from, x, y, z, t)
      if not start then return 'w' .. pack('<d', now) end
    end
    local cw, cp, dw, dp, vw, vp = sw, sp, rw, rp, gw, gp
    if kind == ROLLING then cw, cp, dw, dp, vw, vp = summed(space, field, max(0, start - y * x), latest) end
    local before = row or row_of(start, cw, cp, dw, dp, ow, op, vw, vp, lw, lp, till, mark)
    local size = #before > ROW_SIZE and '+' or '-'
    seen = seen .. size .. before
    if gate ~= OPEN_GATE and (aw > 0 or ap > 0) then
      -- Room: limit + granted - settled (- reserved) - amount; the parts are within 4 * 10^12 of 0.
      local w, p = lw + vw - cw - aw, lp + vp - cp - ap
      if gate == RESERVE then w, p = w - dw, p - dp end
      if w < 5 and w + floor(p / PICO) < 0 then refusals = (refusals or '') .. pack('<H', i) .. size .. before end
    end
    if kind == BUCKET then
      sw, sp = plus(sw, sp, aw, ap)
    else
      if gate ~= CHECK then rw, rp = plus(rw, rp, aw, ap) end
      mark = now
    end
    if kind ~= SPAN then
      held = held .. pack(HELD, start, mark)
      moving = moving + 1
    end
    local after = pack(ROW, start, sw, sp, rw, rp, lw, lp, till, mark)
    if #before > ROW_SIZE or gw ~= 0 or gp ~= 0 then after = after .. pack(MORE, ow, op, gw, gp) end
    if latest and (latest == row or unpack_('<d', latest) == start) then
      written[filled + 1], written[filled + 2] = field, after
      filled = filled + 2
    else
      placed = placed or {}
      placed[#placed + 1] = { field, start, after, latest, kind, kind == ROLLING and x * y or 0 }
    end
  end
  if refusals then return 'f' .. pack('<d', now) .. refusals end

  if is_newer then call('HSET', space.hash, argv[5], revision) end
  written[2] = queued(space, got[1], due, first, number, id, expires, now, asked)
  written[4] = pack(HEAD, OPEN, n, moving, now, expires) .. held .. tail
  write(space, written, filled, placed, now)
  return 'h' .. pack('<dd', now, expires) .. seen
end

-- argv: horizon, then what is asked; and fields: the accounts' latest windows
local function look(keys, argv)
  local now, space = instant(), space_of(keys[1])
  local asked = argv[1]
  local got = fetched(space, argv, 2, now)
  local seen, pos = '', 9
  for i = 2, #argv do
    local field, latest = argv[i], got[i]
    local kind, _, lw, lp, from, x, y, z, t
    kind, _, lw, lp, from, x, y, z, t, _, _, pos = unpack_(ASKED, asked, pos)
    local start, sw, sp, rw, rp, ow, op, gw, gp, till, mark =
      current(space, field, latest, now, kind, lw, lp, from, x, y, z, t)
    if not start then return 'w' .. pack('<d', now) end
    if kind == ROLLING then sw, sp, rw, rp, gw, gp = summed(space, field, max(0, start - y * x), latest) end
    local row = row_of(start, sw, sp, rw, rp, ow, op, gw, gp, lw, lp, till, mark)
    seen = seen .. (#row > ROW_SIZE and '+' or '-') .. row
  end
  return 'v' .. pack('<d', now) .. seen
end

-- argv: horizon, then what is asked; and the field of the account's latest window
local function grant(keys, argv)
  local now, space = instant(), space_of(keys[1])
  local asked, field = argv[1], argv[2]
  local latest = (fetched(space, argv, 2, now))[2]
  local kind, _, lw, lp, from, x, y, z, t, aw, ap = unpack_(ASKED, asked, 9)
  local start, sw, sp, rw, rp, ow, op, gw, gp, till, mark =
    current(space, field, latest, now, kind, lw, lp, from, x, y, z, t)
  if not start then return 'c' .. pack('<d', now) end
  gw, gp = plus(gw, gp, aw, ap)
  -- A session begins with it.
  if kind == IDLE then mark = now else mark = max(mark, 0) end
  local row = row_of(start, sw, sp, rw, rp, ow, op, gw, gp, lw, lp, till, mark)
  if latest and unpack_('<d', latest) == start then
    call('HSET', space.hash, field, row)
  else
    place(space, field, start, row, latest, now, kind, kind == ROLLING and x * y or 0)
  end
  return 'g' .. pack('<d', now)
end

-- Whether the ended reservation in `blob` was settled with these amounts before.
local function is_same(blob, given, fields)
  local state, n, moving, _, _, past = unpack_(HEAD, blob)
  local at = past + AMOUNT_SIZE * n + HELD_SIZE * moving
  for _ = 1, n do
    local cw, cp, flags, aw, ap, field
    cw, cp, past = unpack_(AMOUNT, blob, past)
    flags, _, aw, ap, field, at = unpack_(KEPT, blob, at)
    if flags >= 24 then at = at + 24 end
    local j = position(fields, field)
    if j then aw, ap = unpack_(AMOUNT, given, 16 * j - 39) end
    local is_less = state == LATE and (aw < cw or (aw == cw and ap < cp))
    if not is_less and (aw ~= cw or ap ~= cp) then return false end
  end
  return true
end

-- argv: horizon, then an amount for each account; and fields: the reservation, the accounts' latest windows
local function settle(keys, argv)
  local now, space = instant(), space_of(keys[1])
  local given = argv[1]
  local got = fetched(space, argv, 2, now)
  local blob = got[2]
  if not blob then return 'u' .. pack('<d', now) end
  local state = byte(blob)
  if state == SETTLED or state == LATE then
    return (is_same(blob, given, argv) and 'p' or 'c') .. pack('<d', now)
  end
  return finish(space, blob, state == OPEN and SETTLED or LATE, now, argv[2], given, argv, got)
end

-- argv: horizon; and the field of the reservation
local function release(keys, argv)
  local now, space = instant(), space_of(keys[1])
  local blob = (fetched(space, argv, 2, now))[2]
  if not blob then return 'u' .. pack('<d', now) end
  local state = byte(blob)
  if state == OPEN then return finish(space, blob, RELEASED, now, argv[2], nil, {}, {}) end
  return (state == RELEASED and 'p' or state == EXPIRED and 'x' or 'c') .. pack('<d', now)
end

-- argv: horizon, life; and the field of the reservation. Its chunk is looked at too early now; that does no harm.
local function extend(keys, argv)
  local now, space = instant(), space_of(keys[1])
  local blob = (fetched(space, argv, 2, now))[2]
  if not blob then return 'u' .. pack('<d', now) end
  local state, n, moving, made, expires, pos = unpack_(HEAD, blob)
  if state ~= OPEN then return (state == EXPIRED and 'x' or 'c') .. pack('<d', now) end
  expires = max(expires, now + select(2, unpack_('<dd', argv[1])))
  local rest, at, placed = pos, pos + HELD_SIZE * moving, nil
  local written = { argv[2], pack(HEAD, OPEN, n, moving, made, expires) .. sub(blob, rest) }
  for _ = 1, n do
    local flags, start, field, fw, fp, per, _
    flags, start, _, _, field, at = unpack_(KEPT, blob, at)
    if flags >= 16 then
      start, _, pos = unpack_(HELD, blob, pos)
      if flags >= 24 then fw, fp, per, at = unpack_(KEPT_BUCKET, blob, at) end
    end
    local latest = call('HGET', space.hash, field)
    local sw, sp, rw, rp, ow, op, gw, gp, lw, lp, till, mark, is_latest = balance(space, field, start, latest)
    if not per then
      mark = now
    elseif floor(now / per) > mark then
      sw, sp = flowed(sw, sp, fw, fp, floor(now / per) - mark)
      rw, rp, mark = 0, 0, floor(now / per)
    end
    local row = row_of(start, sw, sp, rw, rp, ow, op, gw, gp, lw, lp, till, mark)
    if is_latest then
      written[#written + 1] = field
      written[#written + 1] = row
    else
      placed = placed or {}
      placed[#placed + 1] = { field, start, row, latest, nil, 0 }
    end
  end
  write(space, written, #written, placed, now)
  return 'e' .. pack('<dd', now, expires)
end

-- Forget some of the older windows that count nowhere any more. Returns whether there may be more.
local function forget(space, before)
  local names = call('ZRANGEBYSCORE', space.over, '-inf', before, 'LIMIT', 0, AT_ONCE)
  for i = 1, #names do
    local row = call('HGET', space.hash, 'o' .. names[i])
    local rw, rp, till, _ = 0, 0, 0
    if row then _, _, _, rw, rp, _, _, _, _, _, _, till = read(row) end
    if rw ~= 0 or rp ~= 0 then
      -- Somebody will settle in it yet: it is looked at again a horizon later.
      call('ZADD', space.over, before + 1, names[i])
    elseif till < huge and till > before then
      call('ZADD', space.over, till, names[i])
    else
      call('ZREM', space.over, names[i])
      call('ZREM', space.index, names[i])
      call('HDEL', space.hash, 'o' .. names[i])
    end
  end
  return #names == AT_ONCE
end

-- argv: horizon. Answers how many were ended, and 1 if there may be more to do.
local function sweep(keys, argv)
  local now, space = instant(), space_of(keys[1])
  local before = now - unpack_('<d', argv[1])
  local own, count, is_more = call('HGET', space.hash, 'd'), 0, false
  if own then
    count = tend(space, own, now)
    own = call('HGET', space.hash, 'd')
    local due, first, number = unpack_(DUE, own)
    is_more = due <= now
    if #own > DUE_SIZE then
      local soonest, last = visit(space, sub(own, DUE_SIZE + 1), now)
      if soonest == huge then
        local field = 'c' .. format('%.0f', number)
        call('HSET', space.hash, field, sub(own, DUE_SIZE + 1), 'd', pack(DUE, due, huge, number + 1))
        call('ZADD', space.ended, last, field)
      end
    end
  end
  is_more = clear(space, before, CHUNKS) == CHUNKS or is_more
  is_more = forget(space, before) or is_more
  return { count, is_more and 1 or 0 }
end

-- argv: the first and the last member of the index, how many. Answers members and rows by turns.
local function page(keys, argv)
  if not call then bind() end
  local space, found = space_of(keys[1]), {}
  local members = call('ZRANGEBYLEX', space.index, argv[1], argv[2], 'LIMIT', 0, argv[3])
  for i = 1, #members do
    found[2 * i - 1] = members[i]
    found[2 * i] = call('HGET', space.hash, 'w' .. members[i]) or call('HGET', space.hash, 'o' .. members[i])
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
