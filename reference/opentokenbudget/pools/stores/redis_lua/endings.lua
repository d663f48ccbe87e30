-- Write rows: those in `rows` (keys and rows by turns) replace the latest, those in `placed` are the first of a window.
local function write(space, rows, placed, now)
  if rows[1] then call('MSET', unpack(rows)) end
  for i = 1, #placed do
    local each = placed[i]
    place(space, sub(each.key, #space.latest + 1), each.start, each.row, each.latest, now, each.kind, each.reach)
  end
end

local function put(rows, placed, key, latest, start, row, kind, reach)
  if latest and unpack_('<d', latest) == start then
    rows[#rows + 1] = key
    rows[#rows + 1] = row
  else
    placed[#placed + 1] = { key = key, start = start, row = row, latest = latest, kind = kind, reach = reach }
  end
end

local function position(keys, key)
  for j = 3, #keys do
    if keys[j] == key then return j end
  end
  return nil
end

-- End the reservation in `blob`, as `state` says. `given` are the amounts of the accounts that `keys` names, `got` their
-- latest rows. Returns the answer.
local function finish(space, blob, state, now, horizon, id, given, keys, got)
  local _, n, made, _, pos = unpack_(HEAD, blob)
  local at = pos + HELD_SIZE * n
  local rest = at
  local heads, booked, rows, placed = {}, {}, {}, {}
  local plain = #keys == n + 2
  for i = 1, n do
    local start, mark, cw, cp, flags, aw, ap, name, fw, fp, per
    start, mark, cw, cp, pos = unpack_(HELD, blob, pos)
    flags, aw, ap, name, at = unpack_(KEPT, blob, at)
    if flags >= 8 then fw, fp, per, at = unpack_(KEPT_BUCKET, blob, at) end
    local key, j = space.latest .. name, i + 2
    if keys[j] ~= key then
      j = position(keys, key)
      plain = false
    end
    local latest
    if j then latest = got[j] else latest = call('GET', key) end

    local uw, up = aw, ap
    if given then
      if j then uw, up = unpack_('<dd', given, 16 * j - 47) end
    elseif state == RELEASED or flags % 8 >= 4 then
      uw, up = 0, 0
    end
    local more_w, more_p = uw, up
    if state == LATE then
      if cw < 0 then cw, cp = 0, 0 end
      more_w, more_p = minus(uw, up, cw, cp)
      if more_w < 0 then more_w, more_p = 0, 0 end
    end

    if state ~= LATE or more_w > 0 or more_p > 0 then
      local row = window(space, name, start, latest)
      local sw, sp, rw, rp, ow, op, gw, gp, lw, lp, till, last = 0, 0, 0, 0, 0, 0, 0, 0, huge, 0, huge, 0
      if row then _, sw, sp, rw, rp, ow, op, gw, gp, lw, lp, till, last = unpack_(ROW, row) end
      local moment = now
      if per then
        moment = floor(now / per)
        if moment > last then
          sw, sp = flowed(sw, sp, fw, fp, moment - last)
          rw, rp = 0, 0
        else
          moment = last
        end
      end
      if state == LATE then
        sw, sp = plus(sw, sp, more_w, more_p)
        ow, op = plus(ow, op, more_w, more_p)
      else
        local vw, vp = minus(uw, up, aw, ap)
        if vw > 0 or (vw == 0 and vp > 0) then
          ow, op = plus(ow, op, vw, vp)
          plain = false
        end
        if not per then
          sw, sp = plus(sw, sp, uw, up)
          if flags % 4 ~= CHECK then rw, rp = minus(rw, rp, aw, ap) end
        elseif vw >= 0 then
          sw, sp = plus(sw, sp, vw, vp)
        else
          -- What was not used comes back, less what has flowed back since anyway.
          vw, vp = minus(aw, ap, uw, up)
          vw, vp = flowed(vw, vp, fw, fp, moment - mark)
          sw, sp = minus(sw, sp, vw, vp)
          if sw < 0 then sw, sp = 0, 0 end
        end
      end
      row = pack(ROW, start, sw, sp, rw, rp, ow, op, gw, gp, lw, lp, till, moment)
      put(rows, placed, key, latest, start, row, nil, 0)
    end
    if state == LATE then
      booked[i] = pack(HELD, start, mark, more_w, more_p)
      uw, up = plus(cw, cp, more_w, more_p)
    end
    heads[i] = pack(HELD, start, mark, uw, up)
  end

  local head, tail = pack(HEAD, state, n, made, now), sub(blob, rest)
  local kept = head .. concat(heads) .. tail
  call('ZREM', space.queue, id)
  write(space, rows, placed, now)
  call('SET', id, kept, 'PX', horizon)
  if state == LATE then return 'l' .. pack('<d', now) .. head .. concat(booked) .. tail end
  if plain and state == SETTLED then return 'S' .. pack('<d', now) end
  return 's' .. pack('<d', now) .. kept
end

-- End what has not been ended in time, some at a time, and return how many those were.
local function expire(space, now, horizon)
  local due = call('ZRANGEBYSCORE', space.queue, '-inf', now, 'LIMIT', 0, AT_ONCE)
  local count = 0
  for i = 1, #due do
    local blob = call('GET', due[i])
    if blob then
      finish(space, blob, EXPIRED, now, horizon, due[i], nil, {}, {})
      count = count + 1
    else
      call('ZREM', space.queue, due[i])
    end
  end
  local next_ = call('ZRANGE', space.queue, 0, 0, 'WITHSCORES')
  if next_[2] then call('SET', space.due, next_[2]) else call('DEL', space.due) end
  return count
end

-- The values of `keys`, after what is due has expired; the first key is that of the soonest expiry.
local function fetched(space, keys, now, horizon)
  local got = call('MGET', unpack(keys))
  if got[1] and tonumber(got[1]) <= now then
    expire(space, now, horizon)
    got = call('MGET', unpack(keys))
  end
  return got
end

local function wake(space, due, expires)
  if not due or expires < tonumber(due) then call('SET', space.due, format('%.0f', expires)) end
end

