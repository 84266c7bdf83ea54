-- What the strangest windows of a reply hold, and how much of it is said again, as `breakdown.py` says it in numpy.
--
-- Given the address of the uint8 mark of each 16-bit code and the most letters of a text, makes a function of letters
-- (uint32). It returns a float64 for each of the names of `breakdown.py`.
local ffi, bit = require("ffi"), require("bit")
local band, bxor, lshift, rshift = bit.band, bit.bxor, bit.lshift, bit.rshift
local min, max, sqrt = math.min, math.max, math.sqrt

local RARE, SPACE, LINE, LOWER, UPPER, DIGIT, IDEOGRAPH, FOREIGN, COMMON, CODE = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
local KINDS = { RARE, CODE, DIGIT, LINE, UPPER, COMMON, IDEOGRAPH, FOREIGN }
local WINDOW, CLASSES, LEAST, EDGE = 64, 16, 50, 600
local TOUCH, HUMP = 1, 2
local MIX = 0x9E3779B97F4A7C15ULL
local RUN = 8 -- letters of a run
local LEAST_BITS = 9 -- of the number of a place for one of the different runs
local PLACES = 4 -- for each run, at least
local NAMES = 30

local function meetings()
  local met = ffi.new("uint8_t[?]", CLASSES * CLASSES)
  for _, latin in ipairs({ LOWER, UPPER }) do
    for _, other in ipairs({ IDEOGRAPH, FOREIGN }) do
      met[CLASSES * latin + other], met[CLASSES * other + latin] = TOUCH, TOUCH
    end
  end
  met[CLASSES * LOWER + UPPER] = HUMP
  return met
end

-- As few as are quick to search: to clear more would also drive everything else out of the processor's cache.
local function bits_for(runs)
  local bits = LEAST_BITS
  while lshift(1, bits) < PLACES * runs do bits = bits + 1 end
  return bits
end

return function(marks, longest)
  marks = ffi.cast("const uint8_t*", marks)
  local most_windows = longest / WINDOW + 1
  local letters, seen = ffi.new("uint32_t[?]", longest), ffi.new("uint8_t[?]", longest)
  local count = ffi.new("int32_t[?]", most_windows * CLASSES)
  local column = ffi.new("double[?]", most_windows)
  local touches, humps = ffi.new("double[?]", most_windows), ffi.new("double[?]", most_windows)
  local met = meetings()
  local most_slots = lshift(1, bits_for(longest))
  local runs, slots = ffi.new("uint64_t[?]", longest), ffi.new("uint64_t[?]", most_slots)
  local times = ffi.new("int32_t[?]", most_slots)
  local out = ffi.new("double[?]", NAMES)

  -- Of `column`: the greatest, and the second.
  local function two_most(values, windows)
    local first, second = values[0], -math.huge
    for at = 1, windows - 1 do
      local value = values[at]
      second = max(second, min(first, value))
      first = max(first, value)
    end
    return first, windows > 1 and second or 0
  end

  -- Fills `column` with how many letters of a kind each window has.
  local function fill(windows, kind, other)
    for window = 0, windows - 1 do
      column[window] = count[window * CLASSES + kind] + (other and count[window * CLASSES + other] or 0)
    end
  end

  local function least(windows)
    local found = column[0]
    for window = 1, windows - 1 do found = min(found, column[window]) end
    return found
  end

  local function deviation(windows)
    local sum, squares = 0, 0
    for window = 0, windows - 1 do
      sum = sum + column[window]
      squares = squares + column[window] * column[window]
    end
    local mean = sum / windows
    return sqrt(max(squares / windows - mean * mean, 0))
  end

  local function letters_of(window)
    local at = window * CLASSES
    return count[at + LOWER] + count[at + UPPER], count[at + IDEOGRAPH], count[at + FOREIGN]
  end

  -- Fills `column` with which share of each window's letters is of another script than most of the reply's.
  local function strange(windows)
    local latin, ideographs, foreign = 0, 0, 0
    for window = 0, windows - 1 do
      local one, two, three = letters_of(window)
      latin, ideographs, foreign = latin + one, ideographs + two, foreign + three
    end
    local most = max(latin, ideographs, foreign)
    for window = 0, windows - 1 do
      local one, two, three = letters_of(window)
      local own = most == latin and one or most == ideographs and two or three
      column[window] = 1 - own / max(one + two + three, 1e-6)
    end
  end

  local function strangeness(windows, where)
    strange(windows)
    local first, second = two_most(column, windows)
    for at = where, where + 5 do out[at] = 0 end
    if first <= 0 then return end
    local sum, half, mixed = 0, 0, 0
    for window = 0, windows - 1 do
      local share = column[window]
      sum = sum + share
      if share > 0.5 then half = half + 1 end
      mixed = max(mixed, min(share, 1 - share))
    end
    out[where], out[where + 1], out[where + 2] = first, second, sum / windows
    out[where + 3], out[where + 4], out[where + 5] = half / windows, column[windows - 1], mixed
  end

  local function meet(used, windows, where)
    ffi.fill(touches, windows * 8)
    ffi.fill(humps, windows * 8)
    local total = 0
    for at = 0, used - 2 do
      local kind = met[seen[at] * CLASSES + seen[at + 1]]
      if kind ~= 0 then
        local window = rshift(at, 6)
        if kind == TOUCH then
          touches[window], total = touches[window] + 1, total + 1
        else
          humps[window] = humps[window] + 1
        end
      end
    end
    out[where], out[where + 1] = two_most(touches, windows)
    out[where + 2], out[where + 3] = touches[windows - 1], total / windows
    out[where + 4], out[where + 5] = two_most(humps, windows)
  end

  local function windows_of(length)
    local windows = max(math.floor(length / WINDOW), 1)
    local used = min(length, windows * WINDOW)
    local size = max(min(used, WINDOW), LEAST)
    ffi.fill(count, windows * CLASSES * 4)
    for at = 0, used - 1 do
      local where = rshift(at, 6) * CLASSES + seen[at]
      count[where] = count[where] + 1
    end
    for at, kind in ipairs(KINDS) do
      fill(windows, kind)
      out[at - 1] = two_most(column, windows) / size
    end
    fill(windows, IDEOGRAPH)
    out[8] = least(windows) / size
    fill(windows, RARE)
    local _, second = two_most(column, windows)
    out[9], out[10] = second / size, column[windows - 1] / size
    fill(windows, UPPER)
    out[11] = deviation(windows) / size
    for window = 0, windows - 1 do
      local one, two, three = letters_of(window)
      column[window] = one + two + three
    end
    out[12] = least(windows) / size
    fill(windows, SPACE, LINE)
    out[13] = least(windows) / size
    strangeness(windows, 14)
    meet(used, windows, 20)
  end

  -- A number for every run twice as long as those that `runs` numbers.
  local function longer(size, width)
    for at = 0, size - width - 1 do
      local mixed = (runs[at] * MIX + runs[at + width]) * MIX
      runs[at] = bxor(mixed, rshift(mixed, 32))
    end
    return size - width
  end

  -- How many of these runs are different, and how often the commonest stands there.
  local function different(first, stop)
    local last = lshift(1, bits_for(stop - first)) - 1
    ffi.fill(times, (last + 1) * 4)
    local found, most = 0, 0
    for at = first, stop - 1 do
      local run = runs[at]
      local slot = band(tonumber(rshift(run, 40)), last) -- by a fixed number of bits, which is compiled better
      while times[slot] > 0 and slots[slot] ~= run do slot = band(slot + 1, last) end
      if times[slot] == 0 then
        slots[slot], found = run, found + 1
      end
      times[slot] = times[slot] + 1
      most = max(most, times[slot])
    end
    return found, most
  end

  local function loops(length, where)
    out[where], out[where + 1], out[where + 2], out[where + 3] = 1, 1, 1, 0
    if length - RUN + 1 < WINDOW then return end
    for at = 0, length - 1 do runs[at] = min(letters[at], 65535) end
    local size = longer(longer(longer(length, 1), 2), 4)
    local found, most = different(0, size)
    out[where], out[where + 3] = found / size, math.log(most)
    out[where + 1], out[where + 2] = out[where], out[where]
    if size > EDGE then
      out[where + 1] = different(0, EDGE) / EDGE
      out[where + 2] = different(size - EDGE, size) / EDGE
    end
  end

  return function(text)
    local length = #text / 4
    assert(length <= longest)
    ffi.copy(letters, text, #text) -- a pointer into it would not keep it from the garbage collector
    for at = 0, length - 1 do seen[at] = marks[min(letters[at], 65535)] end
    windows_of(length)
    loops(length, 26)
    return ffi.string(out, NAMES * 8)
  end
end
