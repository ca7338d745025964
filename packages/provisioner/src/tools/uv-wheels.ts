/**
 * The uv that is fetched, and what its wheels must be.
 *
 * To renew: choose a version, and take the `sha256` that the index's own page of uv (PEP 503) gives in the link of each
 * `uv-<version>-*.whl`, one per platform. Source archives are left out: nothing is ever built. Taken 2026-11-25.
 */

export interface UvRelease {
  version: string
  /** SHA-256 in hex, by what the name of the wheel says of its platform. */
  wheels: Readonly<Record<string, string>>
}

export const UV_VERSION = '0.13.9'

export const pinnedUv: UvRelease = {
  version: UV_VERSION,
  wheels: {
    linux_armv6l: '56ec37616c00220032fc7b8c9d0ef51367fd0d70d9cd6ddd841660f949f84fed',
    macosx_10_12_x86_64: 'c16ed11e013557536b3e60065f1b912f6407bd6518e041b961e23ef9e6b4fbf5',
    macosx_11_0_arm64: '66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63',
    'manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64':
      '5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe',
    'manylinux_2_17_armv7l.manylinux2014_armv7l.musllinux_1_1_armv7l':
      '7ec1e1dd9b6cb335c301afdf877989df384227313981850755a59561f75e4ab8',
    'manylinux_2_17_armv7l.manylinux2014_armv7l': '16963d19594e18d746a70c7fce82237bde4f2cac4cfcf0ca2b84796fe9d0c6e9',
    'manylinux_2_17_i686.manylinux2014_i686': 'db5c8df7145c21ffea9c0f74e38823bac3af60cbadf0e26b8633f08627b17bab',
    'manylinux_2_17_ppc64le.manylinux2014_ppc64le': 'c5dbdb7c8737cd183a9dce95b39cfd1f3d54ec2a27a1bb58f160293f9ba2c805',
    'manylinux_2_17_s390x.manylinux2014_s390x': 'a6e845f387e4ed55bb59342957a9179e24a631fcc7668bda3426ae1cef8ed4b9',
    'manylinux_2_17_x86_64.manylinux2014_x86_64': 'd7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19',
    manylinux_2_28_aarch64: 'ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375',
    'manylinux_2_31_riscv64.musllinux_1_1_riscv64': '6d5114bba238adddacb32fb11904f2b3ff4e988f8e9ff0d8d3b5e9822cf836b8',
    manylinux_2_31_riscv64: '6b0c7b9f47a5d011939d61e324d3fe18a8bc155d8dd53add738709a92f290a7c',
    musllinux_1_1_i686: 'a2ee66fe8b6608e1482ab1bde5799da04705c1cb40324c7f66054ecf46ae6e40',
    musllinux_1_1_x86_64: '2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25',
    win32: '3eeeb51a267a2144640fcd8f38d4a2f63439b39bc47445fd84727c3fc462c843',
    win_amd64: '6a44b2ed8111d2f60d2b92627c5dccda3f7ed7570b18ce115e569cd68c28246b',
    win_arm64: 'eeb92051c2123b9730c46b04cc843cfa4bc7d7b0aec56df431a2215ef4cb0273',
  },
}
