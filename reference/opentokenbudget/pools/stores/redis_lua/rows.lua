-- The ledger inside Redis or Valkey: each function is one operation, done as a whole before the next begins.
--
-- The semantics are those of ledger.py. What is different is how amounts are held: numbers here are doubles, exact up
-- to 2^53, so an amount is two of them, whole units and parts of 10^-12 (0 <= parts < 10^12; whole may be negative).
-- No value is missing: infinity stands for "no limit" and "no end".
--
-- All lies in one slot of a cluster because of the tag in braces. {otb}:h is a hash of
--   rID           a reservation: HEAD, if it has ended what was charged to each balance, each HELD, then what the client
--                 wrote of it: a KEPT for each balance, digest, memo
--   wNAME         the latest window of an account: ROW
--   oNAME\0START  an older one; START is 8 bytes, big-endian
--   vPOLICY       newest revision of a policy
--   d, cN         reservations that are to be ended or forgotten: see queue.lua
-- and beside it lie sorted sets:
--   {otb}:i       index of accounts (NAME) and older windows (NAME\0START), by bytes
--   {otb}:f       older windows by the instant from which they count nowhere
--   {otb}:q, e    see queue.lua
-- In names and ids the client writes NUL as two bytes, 00 FF; no START begins with FF.
--
-- Nothing is written before everything is read and decided: an error leaves all as it was.

-- What does not exist yet while the library is loaded.
local call, pack, unpack_, floor, max, min, huge, sub, byte, find, format

local PICO = 1e12
local SPAN, ROLLING, BUCKET, IDLE = 0, 1, 2, 3
local RESERVE, CHECK, OPEN_GATE = 0, 1, 2
local OPEN, SETTLED, RELEASED, EXPIRED, LATE = 1, 2, 3, 4, 5
local NEW = -1
local AT_ONCE = 100 -- windows that one sweep looks at

-- start, settled, reserved, limit (two limbs each), until, mark
local ROW = '<ddddddddd'
local ROW_SIZE = 72
-- ... and overrun and granted, where they are not nothing
local MORE = '<dddd'
-- state, number of balances, how many of them have a HELD, made, expires (of what has ended: when it did)
local HEAD = '<BHHdd'
local AMOUNT = '<dd'
local AMOUNT_SIZE = 16
-- start, mark: of those windows that the client does not name
local HELD = '<dd'
local HELD_SIZE = 16
-- what the client wrote of each: gate + 4 if it is released when it expires + 8 if it is a bucket + 16 if it has a HELD;
-- start; amount; the field of the account's latest window
local KEPT = '<BdddIc0'
-- ... and of a bucket refill and period
local KEPT_BUCKET = '<ddd'
-- what is asked of each: kind of window, gate, limit; start, end, rollover and carry of a span; or grain and grains; or
-- refill and period; or the idle time; amount
local ASKED = '<BBddddddddd'

local function plus(aw, ap, bw, bp)
  local w, p = aw + bw, ap + bp
  if p >= PICO then return w + 1, p - PICO end
  return w, p
end

local function minus(aw, ap, bw, bp)
  local w, p = aw - bw, ap - bp
  if p < 0 then return w - 1, p + PICO end
  return w, p
end

-- a - rate * ticks, at least 0; a >= 0, rate >= 0.
local function flowed(aw, ap, fw, fp, ticks)
  if ticks <= 0 or (fw == 0 and fp == 0) then
    if aw < 0 then return 0, 0 end
    return aw, ap
  end
  -- What certainly exceeds it need not be computed; below that every product here is under 2^53.
  if ticks * (fw + fp / PICO) > aw * 1.000001 + 2 then return 0, 0 end
  local th, tl, fh, fl = floor(ticks / 1e6), ticks % 1e6, floor(fp / 1e6), fp % 1e6
  local middle = th * fl + tl * fh
  local low = (middle % 1e6) * 1e6 + tl * fl
  local w, p = ticks * fw + th * fh + floor(middle / 1e6) + floor(low / PICO), low % PICO
  w, p = minus(aw, ap, w, p)
  if w < 0 then return 0, 0 end
  return w, p
end

-- Whether text a comes before b, by bytes: `<` would ask the server's locale.
local function precedes(a, b)
  for i = 1, min(#a, #b) do
    local x, y = byte(a, i), byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

-- The names of the keys of a namespace, by that of the hash.
local spaces = {}
local function space_of(hash)
  local found = spaces[hash]
  if not found then
    local prefix = sub(hash, 1, -2)
    found = {
      hash = hash, queue = prefix .. 'q', ended = prefix .. 'e', index = prefix .. 'i', over = prefix .. 'f',
    }
    spaces[hash] = found
  end
  return found
end

local function bind()
  call, pack, unpack_ = redis.call, struct.pack, struct.unpack
  floor, max, min, huge = math.floor, math.max, math.min, math.huge
  sub, byte, find, format = string.sub, string.byte, string.find, string.format
end

local function instant()
  if not call then bind() end
  local time = call('TIME')
  return time[1] * 1000000 + time[2]
end

local function suffixed(name, start)
  return name .. '\0' .. pack('>d', start)
end

-- What a row holds: start, settled, reserved, overrun, granted, limit (two limbs each), until, mark.
local function read(row)
  local start, sw, sp, rw, rp, lw, lp, till, mark = unpack_(ROW, row)
  if #row == ROW_SIZE then return start, sw, sp, rw, rp, 0, 0, 0, 0, lw, lp, till, mark end
  local ow, op, gw, gp = unpack_(MORE, row, ROW_SIZE + 1)
  return start, sw, sp, rw, rp, ow, op, gw, gp, lw, lp, till, mark
end

local function row_of(start, sw, sp, rw, rp, ow, op, gw, gp, lw, lp, till, mark)
  local row = pack(ROW, start, sw, sp, rw, rp, lw, lp, till, mark)
  if ow == 0 and op == 0 and gw == 0 and gp == 0 then return row end
  return row .. pack(MORE, ow, op, gw, gp)
end

-- The row of the window of `name` that begins at `start`; `latest` is the row of its latest window.
local function window(space, name, start, latest)
  if not latest then return false end
  local newest = unpack_('<d', latest)
  if start == newest then return latest end
  if start > newest then return false end
  return call('HGET', space.hash, 'o' .. suffixed(name, start))
end

-- Write the first row of a window, or one that is not the latest; what it displaces becomes an older one.
local function place(space, field, start, row, latest, now, kind, reach)
  local name = sub(field, 2)
  if not latest then
    call('ZADD', space.index, 0, name)
    call('HSET', space.hash, field, row)
    return
  end
  local newest = unpack_('<d', latest)
  local displaced, displaced_start = row, start
  if start > newest then
    call('HSET', space.hash, field, row)
    displaced, displaced_start = latest, newest
  end
  local older = suffixed(name, displaced_start)
  call('HSET', space.hash, 'o' .. older, displaced)
  call('ZADD', space.index, 0, older)
  -- What has no end and is no session may become current again: it is never forgotten.
  if select(12, read(displaced)) < huge or (kind == IDLE and displaced_start > 0) then
    call('ZADD', space.over, now + reach, older)
  end
end

-- Write the first `filled` of `fields` (names and values by turns), and place each of `placed` if there is any: field,
-- start, row, latest, kind, reach.
local function write(space, fields, filled, placed, now)
  call('HSET', space.hash, unpack(fields, 1, filled))
  if placed then
    for i = 1, #placed do
      local each = placed[i]
      place(space, each[1], each[2], each[3], each[4], now, each[5], each[6])
    end
  end
end
