-- The position of `field` among `fields`, from the third on.
local function position(fields, field)
  for j = 3, #fields do
    if fields[j] == field then return j end
  end
  return nil
end

-- The balance of the window that begins at `start`, of the account whose latest lies in `field`; and whether it is that.
local function balance(space, field, start, latest)
  local row = window(space, sub(field, 2), start, latest)
  if not row then return 0, 0, 0, 0, 0, 0, 0, 0, huge, 0, huge, 0, false end
  local _, sw, sp, rw, rp, ow, op, gw, gp, lw, lp, till, mark = read(row)
  return sw, sp, rw, rp, ow, op, gw, gp, lw, lp, till, mark, row == latest
end

-- What was settled in a bucket after `actual` of the `held` amount was used; what was not used comes back, less what has
-- flowed back since anyway.
local function returned(sw, sp, held_w, held_p, actual_w, actual_p, fw, fp, ticks)
  local vw, vp = minus(actual_w, actual_p, held_w, held_p)
  if vw >= 0 then return plus(sw, sp, vw, vp) end
  vw, vp = minus(held_w, held_p, actual_w, actual_p)
  vw, vp = flowed(vw, vp, fw, fp, ticks)
  sw, sp = minus(sw, sp, vw, vp)
  if sw < 0 then return 0, 0 end
  return sw, sp
end

-- End the reservation in `blob`, which lies at `id`, at the instant `now`, as `state` says. `given` are the amounts of the accounts that `fields`
-- names from the third on, `got` their latest rows. Returns the answer.
local function finish(space, blob, state, now, id, given, fields, got)
  local before, n, moving, made, _, pos = unpack_(HEAD, blob)
  local past = pos
  if before ~= OPEN then pos = pos + AMOUNT_SIZE * n end
  local rest, at = pos, pos + HELD_SIZE * moving
  local charges, booked, placed = nil, '', nil
  local written, filled = { id, false, false, false }, 2
  local is_plain = #fields == n + 2
  for i = 1, n do
    local flags, start, aw, ap, field, mark, fw, fp, per
    flags, start, aw, ap, field, at = unpack_(KEPT, blob, at)
    if flags >= 16 then
      start, mark, pos = unpack_(HELD, blob, pos)
      if flags >= 24 then fw, fp, per, at = unpack_(KEPT_BUCKET, blob, at) end
    end
    local j = i + 2
    if fields[j] ~= field then
      j = position(fields, field)
      is_plain = false
    end
    local latest
    if j then latest = got[j] else latest = call('HGET', space.hash, field) end

    local uw, up = aw, ap
    if given then
      if j then uw, up = unpack_(AMOUNT, given, 16 * j - 39) end
    elseif state == RELEASED or flags % 8 >= 4 then
      uw, up = 0, 0
    end
    local more_w, more_p = uw, up
    if state == LATE then
      local cw, cp
      cw, cp, past = unpack_(AMOUNT, blob, past)
      more_w, more_p = minus(uw, up, cw, cp)
      if more_w < 0 then more_w, more_p = 0, 0 end
      booked = booked .. pack(AMOUNT, more_w, more_p)
      uw, up = plus(cw, cp, more_w, more_p)
    end
    local charge = pack(AMOUNT, uw, up)
    charges = charges and charges .. charge or charge

    if state ~= LATE or more_w > 0 or more_p > 0 then
      local first, sw, sp, rw, rp, ow, op, gw, gp, lw, lp, till, last
      local is_latest = true
      if latest then
        -- As `read` does, at once.
        first, sw, sp, rw, rp, lw, lp, till, last = unpack_(ROW, latest)
        ow, op, gw, gp = 0, 0, 0, 0
        if #latest > ROW_SIZE then ow, op, gw, gp = unpack_(MORE, latest, ROW_SIZE + 1) end
      end
      if first ~= start then
        sw, sp, rw, rp, ow, op, gw, gp, lw, lp, till, last, is_latest = balance(space, field, start, latest)
      end
      local moment, tick = max(now, last), nil
      if per then
        tick = floor(now / per)
        moment = max(tick, last)
        if tick > last then
          sw, sp = flowed(sw, sp, fw, fp, tick - last)
          rw, rp = 0, 0
        end
      end
      if state == LATE then
        sw, sp = plus(sw, sp, more_w, more_p)
        ow, op = plus(ow, op, more_w, more_p)
      else
        if uw > aw or (uw == aw and up > ap) then
          local vw, vp = minus(uw, up, aw, ap)
          ow, op = plus(ow, op, vw, vp)
          is_plain = false
        end
        if per then
          sw, sp = returned(sw, sp, aw, ap, uw, up, fw, fp, tick - mark)
        else
          sw, sp = plus(sw, sp, uw, up)
          if flags % 4 ~= CHECK then rw, rp = minus(rw, rp, aw, ap) end
        end
      end
      local row = pack(ROW, start, sw, sp, rw, rp, lw, lp, till, moment)
      if ow > 0 or op > 0 or gw ~= 0 or gp ~= 0 then row = row .. pack(MORE, ow, op, gw, gp) end
      if is_latest then
        written[filled + 1], written[filled + 2] = field, row
        filled = filled + 2
      else
        placed = placed or {}
        placed[#placed + 1] = { field, start, row, latest, nil, 0 }
      end
    end
  end

  local head, tail = pack(HEAD, state, n, moving, made, now), sub(blob, rest)
  blob = head .. (charges or '') .. tail
  written[2] = blob
  write(space, written, filled, placed, now)
  if state == LATE then return 'l' .. pack('<d', now) .. head .. booked .. tail end
  if is_plain and state == SETTLED then return 'S' .. pack('<d', now) end
  return 's' .. pack('<d', now) .. blob
end
