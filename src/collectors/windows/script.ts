/**
 * What is asked of a Windows host over SSH: one fixed PowerShell script on standard input of
 * `powershell -NoProfile -NonInteractive -Command -`, one line of JSON out. It only reads.
 *
 * Written after Microsoft's documentation of the cmdlets and CIM classes; it has not been run on Windows.
 */
export const WINDOWS_ARGV = [
  'powershell',
  '-NoProfile',
  '-NonInteractive',
  '-Command',
  '-',
] as const;

/**
 * Each part stands for itself: one that fails is told by its name, with the kind of error and no text of it.
 * PowerShell reads its standard input line by line: one block, no empty line in it, an empty line behind it.
 * Arguments of services and tasks are left out, because they may hold secrets.
 */
export const WINDOWS_SCRIPT = `& {
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
[Console]::OutputEncoding = New-Object System.Text.UTF8Encoding $false
$parts = [ordered]@{}
$failed = [ordered]@{}
function Get-Part([string]$name, [scriptblock]$ask) {
  try { $script:parts[$name] = @(& $ask) } catch { $script:failed[$name] = $_.Exception.GetType().Name }
}
function Get-Time($value) { if ($null -eq $value) { $null } else { ([datetime]$value).ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ') } }
Get-Part 'os' {
  Get-CimInstance Win32_OperatingSystem | ForEach-Object {
    [ordered]@{ caption = $_.Caption; version = $_.Version; build = $_.BuildNumber; architecture = $_.OSArchitecture; name = $_.CSName
      bootedAt = Get-Time $_.LastBootUpTime; memoryKiB = $_.TotalVisibleMemorySize; freeKiB = $_.FreePhysicalMemory; processes = $_.NumberOfProcesses
      timezone = (Get-TimeZone).Id; processors = [Environment]::ProcessorCount }
  }
}
Get-Part 'services' {
  Get-CimInstance Win32_Service | ForEach-Object {
    [ordered]@{ name = $_.Name; title = $_.DisplayName; state = $_.State; start = $_.StartMode; account = $_.StartName; path = if ($_.PathName -match '^\\s*("[^"]+"|.+?\\.(exe|sys))') { $Matches[1].Trim([char]34) }; exit = $_.ExitCode; delayed = $_.DelayedAutoStart }
  }
}
Get-Part 'hotfixes' { Get-CimInstance Win32_QuickFixEngineering | ForEach-Object { [ordered]@{ id = $_.HotFixID; about = $_.Description } } }
Get-Part 'programs' {
  'HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\*', 'HKLM:\\SOFTWARE\\WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\*' |
    Where-Object { Test-Path $_ } | ForEach-Object {
      $arch = if ($_ -like '*WOW6432Node*') { 'x86' } else { 'native' }
      Get-ItemProperty $_ | Where-Object { $_.DisplayName } | ForEach-Object { [ordered]@{ name = [string]$_.DisplayName; version = [string]$_.DisplayVersion; architecture = $arch } }
    }
}
Get-Part 'users' {
  Get-LocalUser | ForEach-Object {
    [ordered]@{ name = $_.Name; sid = $_.SID.Value; enabled = $_.Enabled; title = $_.FullName; passwordRequired = $_.PasswordRequired; changedAt = Get-Time $_.PasswordLastSet; expiresAt = Get-Time $_.AccountExpires }
  }
}
Get-Part 'groups' {
  Get-LocalGroup | ForEach-Object { [ordered]@{ name = $_.Name; sid = $_.SID.Value; members = @(Get-LocalGroupMember $_ | ForEach-Object { $_.Name }) } }
}
Get-Part 'ports' {
  $names = @{}
  Get-Process | ForEach-Object { $names[[int]$_.Id] = $_.ProcessName }
  Get-NetTCPConnection -State Listen | ForEach-Object { [ordered]@{ protocol = 'tcp'; address = $_.LocalAddress; port = $_.LocalPort; pid = $_.OwningProcess; process = $names[[int]$_.OwningProcess] } }
  Get-NetUDPEndpoint | ForEach-Object { [ordered]@{ protocol = 'udp'; address = $_.LocalAddress; port = $_.LocalPort; pid = $_.OwningProcess; process = $names[[int]$_.OwningProcess] } }
}
Get-Part 'clients' { Get-NetUDPSetting | ForEach-Object { [ordered]@{ first = $_.DynamicPortRangeStartPort; count = $_.DynamicPortRangeNumberOfPorts } } }
Get-Part 'volumes' {
  Get-CimInstance Win32_LogicalDisk -Filter 'DriveType=3' | ForEach-Object { [ordered]@{ name = $_.DeviceID; type = $_.FileSystem; size = $_.Size; free = $_.FreeSpace } }
}
Get-Part 'disks' {
  Get-CimInstance Win32_DiskDrive | ForEach-Object { [ordered]@{ index = $_.Index; model = $_.Model; size = $_.Size; media = $_.MediaType } }
}
Get-Part 'adapters' {
  Get-NetAdapter | ForEach-Object { [ordered]@{ name = $_.Name; index = $_.ifIndex; mac = $_.MacAddress; state = [string]$_.Status; virtual = $_.Virtual; mtu = $_.MtuSize } }
}
Get-Part 'addresses' {
  Get-NetIPAddress | ForEach-Object { [ordered]@{ interface = $_.InterfaceAlias; address = $_.IPAddress; family = [string]$_.AddressFamily; prefix = $_.PrefixLength; origin = [string]$_.PrefixOrigin; suffix = [string]$_.SuffixOrigin } }
}
Get-Part 'routes' {
  Get-NetRoute | ForEach-Object { [ordered]@{ destination = $_.DestinationPrefix; gateway = $_.NextHop; interface = $_.InterfaceAlias; metric = $_.RouteMetric } }
}
Get-Part 'tasks' {
  Get-ScheduledTask | ForEach-Object {
    [ordered]@{ path = $_.TaskPath; name = $_.TaskName; state = [string]$_.State; account = $_.Principal.UserId
      actions = @($_.Actions | ForEach-Object { (@($_.Execute, $_.ClassId) | Where-Object { $_ }) -join ' ' })
      triggers = @($_.Triggers | ForEach-Object { $_.CimClass.CimClassName }) }
  }
}
Get-Part 'time' {
  $service = Get-Service W32Time
  $settings = Get-ItemProperty 'HKLM:\\SYSTEM\\CurrentControlSet\\Services\\W32Time\\Parameters'
  [ordered]@{ state = [string]$service.Status; type = [string]$settings.Type; servers = [string]$settings.NtpServer }
}
[ordered]@{ format = 'holdfast-windows 1'; parts = $parts; failed = $failed; end = $true } | ConvertTo-Json -Depth 6 -Compress
}

`;
