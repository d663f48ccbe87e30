-- What a new window is granted by the one before; see balances.handed_on.
local function handed_on(latest, from, lw, lp, cw, cp, carry)
  if not latest then return 0, 0 end
  local _, sw, sp, rw, rp, _, _, gw, gp, bw, bp, till = read(latest)
  if till ~= from then
    -- The account is older, but nothing was reserved in the window before.
    if lw == huge then return 0, 0 end
    if lw < cw or (lw == cw and lp < cp) then return lw, lp end
    return cw, cp
  end
  if bw == huge then return 0, 0 end
  local uw, up = plus(sw, sp, rw, rp)
  local w, p = plus(bw, bp, gw, gp)
  local left_w, left_p = minus(w, p, uw, up)
  if left_w >= 0 and (left_w > 0 or left_p > 0) then
    if left_w < cw or (left_w == cw and left_p < cp) then return left_w, left_p end
    return cw, cp
  end
  left_w, left_p = minus(w, p, sw, sp)
  if carry == 1 and left_w < 0 then return left_w, left_p end
  return 0, 0
end

-- What is settled, reserved and granted in all windows from `since` on, of the account whose latest lies in `field`.
local function summed(space, field, since, latest)
  local name = sub(field, 2)
  local sw, sp, rw, rp, gw, gp = 0, 0, 0, 0, 0, 0
  local rows = {}
  local members = call('ZRANGEBYLEX', space.index, '[' .. suffixed(name, since), '(' .. name .. '\0\127')
  for i = 1, #members do members[i] = 'o' .. members[i] end
  if members[1] then rows = call('HMGET', space.hash, unpack(members)) end
  if latest and unpack_('<d', latest) >= since then rows[#rows + 1] = latest end
  for i = 1, #rows do
    if rows[i] then
      local _, aw, ap, bw, bp, _, _, cw, cp = read(rows[i])
      sw, sp = plus(sw, sp, aw, ap)
      rw, rp = plus(rw, rp, bw, bp)
      gw, gp = plus(gw, gp, cw, cp)
    end
  end
  return sw, sp, rw, rp, gw, gp
end

-- The current window of what is asked, drained and with what it was handed: nothing when the one that is named is not
-- current; else its start, settled, reserved, overrun, granted, end and mark, and its row if it stands like that and is all
-- that counts. The mark of a session that has not begun is NEW.
local function current(space, field, latest, now, kind, lw, lp, from, x, y, z, t)
  if kind == SPAN then
    if now < from or now >= x then return nil end
    local row = latest
    if not row or unpack_('<d', row) ~= from then row = window(space, sub(field, 2), from, latest) end
    if row then
      local _, sw, sp, rw, rp, ow, op, gw, gp, _, _, till, mark = read(row)
      return from, sw, sp, rw, rp, ow, op, gw, gp, till, mark, row
    end
    local gw, gp = 0, 0
    if y > 0 or z > 0 or t == 1 then gw, gp = handed_on(latest, from, lw, lp, y, z, t) end
    return from, 0, 0, 0, 0, 0, 0, gw, gp, x, 0
  elseif kind == BUCKET then
    local tick = floor(now / z)
    local row = window(space, sub(field, 2), 0, latest)
    if not row then return 0, 0, 0, 0, 0, 0, 0, 0, 0, huge, tick end
    local _, sw, sp, rw, rp, ow, op, gw, gp, _, _, till, mark = read(row)
    if tick <= mark then return 0, sw, sp, rw, rp, ow, op, gw, gp, till, mark, row end
    sw, sp = flowed(sw, sp, x, y, tick - mark)
    return 0, sw, sp, 0, 0, ow, op, gw, gp, till, tick
  elseif kind == IDLE then
    if latest then
      local start, sw, sp, rw, rp, ow, op, gw, gp, _, _, till, mark = read(latest)
      if now - mark < x then return start, sw, sp, rw, rp, ow, op, gw, gp, till, mark, latest end
    end
    return now, 0, 0, 0, 0, 0, 0, 0, 0, huge, NEW
  end
  local start = now - now % x
  local row = window(space, sub(field, 2), start, latest)
  if not row then return start, 0, 0, 0, 0, 0, 0, 0, 0, start + x, 0 end
  local _, sw, sp, rw, rp, ow, op, gw, gp, _, _, till, mark = read(row)
  return start, sw, sp, rw, rp, ow, op, gw, gp, till, mark
end

